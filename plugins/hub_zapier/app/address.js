const EXAMPLE = 'https://hub.example.com';
const THIS_COMPUTER = ['localhost', '127.0.0.1', '[::1]'];

const parse = (text) => {
  try {
    return new URL(/^\w+:\/\//.test(text) ? text : `https://${text}`);
  } catch {
    return null;
  }
};

// Returns the hub's address without a slash at its end, from what a person typed or pasted.
const addressOf = (z, typed) => {
  const url = parse(String(typed || '').trim());
  if (!url || !['https:', 'http:'].includes(url.protocol)) {
    throw new z.errors.Error(`Enter the hub's address, like ${EXAMPLE}`, 'address', 400);
  }
  if (url.protocol === 'http:' && !THIS_COMPUTER.includes(url.hostname)) {
    // Over http anybody on the way could read the key.
    throw new z.errors.Error("The hub's address has to begin with https://", 'address', 400);
  }
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
};

module.exports = { addressOf };
