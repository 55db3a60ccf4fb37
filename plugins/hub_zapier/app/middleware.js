const UNAUTHORIZED = 401;
const UNAVAILABLE = 503;
const REPEATABLE = ['GET', 'PATCH', 'DELETE'];

// Authentication of the kind 'custom' adds nothing to a request by itself.
const addKey = (request, z, bundle) => {
  request.headers.Authorization = `Bearer ${String(bundle.authData.apiKey || '').trim()}`;
  return request;
};

// Returns one sentence out of the hub's refusal: what is wrong, where, and the id to ask about.
const sentence = (response) => {
  const { error, details, requestId } = response.data || {};
  if (!error) {
    return `The hub's address answered with status ${response.status}, and not as a hub does`;
  }
  const [field] = Object.entries(details?.fieldErrors || {});
  const detail = field ? `${field[0]}: ${field[1][0]}` : details?.formErrors?.[0];
  return `${error}${detail ? ` (${detail})` : ''}${requestId ? ` [${requestId}]` : ''}`;
};

const isRepeatable = ({ method, headers }) =>
  REPEATABLE.includes(method) || Boolean(headers['Idempotency-Key']);

// Throws what Zapier shows to a person. Of 429 it never hears: the platform's core has its own
// error, which waits for as long as `Retry-After` says and tries again.
const complain = (response, z) => {
  const { status } = response;
  if (status < 300) {
    return;
  }
  if (status < 400) {
    const target = new URL(response.getHeader('location') || '', response.url);
    throw new z.errors.Error(`The hub is at another address: ${target.origin}`, 'redirect', status);
  }
  if (status === UNAUTHORIZED) {
    throw new z.errors.ExpiredAuthError(sentence(response));
  }
  if (status === UNAVAILABLE && isRepeatable(response.request)) {
    const seconds = Number.parseInt(response.getHeader('retry-after'), 10) || 60;
    throw new z.errors.ThrottledError(sentence(response), seconds);
  }
  throw new z.errors.Error(sentence(response), response.data?.code || 'refused', status);
};

const checkAnswer = (response, z) => {
  if (!response.skipThrowForStatus) {
    complain(response, z);
  }
  return response;
};

module.exports = { beforeRequest: [addKey], afterResponse: [checkAnswer], complain };
