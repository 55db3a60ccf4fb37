const { addressOf } = require('./address');
const { complain } = require('./middleware');

// Leaves out what is not filled in: to the API an empty text is a value.
const given = (fields) =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== undefined && value !== null && value !== '',
    ),
  );

const reach = async (z, address, options) => {
  try {
    return await z.request(options);
  } catch (error) {
    if (error.name !== 'FetchError') {
      throw error;
    }
    const reason = error.code || 'no answer';
    throw new z.errors.Error(
      `The hub at ${address} cannot be reached (${reason})`,
      'unreachable',
      503,
    );
  }
};

// Calls the API and returns what it says; null for a status among `gone`, otherwise a status from
// 300 on is an error that a person can read.
const ask = async (
  z,
  bundle,
  { method = 'GET', path, query = {}, body, headers = {}, gone = [] },
) => {
  const address = addressOf(z, bundle.authData.baseUrl);
  const search = new URLSearchParams(given(query)).toString();
  const response = await reach(z, address, {
    method,
    url: `${address}/api/v1${path}${search && `?${search}`}`,
    headers: body ? { 'Content-Type': 'application/json', ...headers } : headers,
    // Text with {{curly braces}} is refused or cut when it is handed over as anything but text.
    body: body && JSON.stringify(body),
    merge: false,
    // A key belongs to the address that was typed in, and a POST that is redirected becomes a GET.
    redirect: 'manual',
    skipThrowForStatus: gone.length > 0,
  });
  if (gone.includes(response.status)) {
    return null;
  }
  complain(response, z);
  if (!response.data || typeof response.data !== 'object') {
    throw new z.errors.Error(`There is no Clonvo Hub at ${address}`, 'not_a_hub', 404);
  }
  return response.data;
};

module.exports = { ask, given };
