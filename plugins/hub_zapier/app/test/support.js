// What the tests share: the running hub that they talk to, and how shapes are compared.

// Only so does the platform's core raise what it would merely log.
process.env.NODE_ENV = 'testing';

const { randomInt, randomUUID } = require('node:crypto');
const { createServer } = require('node:http');
const zapier = require('zapier-platform-core');

const App = require('../index');

const setting = (name) => {
  if (!process.env[name]) {
    throw new Error(`${name} is missing: the tests need a running hub`);
  }
  return process.env[name];
};

const HUB = setting('HUB_URL');
const KEYS = {
  server: setting('HUB_KEY'),
  // Its limit is used up by a test.
  spare: setting('HUB_SPARE_KEY'),
  widget: setting('HUB_WIDGET_KEY'),
};

const appTester = zapier.createAppTester(App);

// Runs one function of the app as Zapier does, for somebody who is connected with a key.
const run = (perform, inputData = {}, { authData = {}, ...more } = {}) =>
  appTester(perform, {
    authData: { baseUrl: HUB, apiKey: KEYS.server, ...authData },
    inputData,
    ...more,
  });

// Calls the hub as any backend does.
const call = async (method, path, body, key = KEYS.server) => {
  const response = await fetch(`${HUB}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, data: await response.json() };
};

const send = async (body) => {
  const { status, data } = await call('POST', '/messages', body);
  if (status !== 200) {
    throw new Error(`${status} ${JSON.stringify(data)}`);
  }
  return data;
};

const newPhone = () => `+1555${String(randomInt(10_000_000)).padStart(7, '0')}`;
const newId = () => randomUUID();

// Serves one answer until the test ends, in place of a hub that cannot be made to give it.
const serve = async (test, answer) => {
  const server = createServer(answer);
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  test.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// Tells where two values differ in their keys, on any depth. What is unknown is null in the hub's
// objects, so null fits anything, and so does an empty list; attributes are the business's own.
const shapeFaults = (one, other, path = '') => {
  if (one === null || other === null || path.endsWith('.attributes')) {
    return [];
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length && other.length ? shapeFaults(one[0], other[0], `${path}[]`) : [];
  }
  if (isObject(one) && isObject(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].flatMap((key) =>
      key in one && key in other
        ? shapeFaults(one[key], other[key], `${path}.${key}`)
        : [`${path}.${key} is only in ${key in one ? 'the first' : 'the second'}`],
    );
  }
  return typeof one === typeof other ? [] : [`${path}: ${typeof one} and ${typeof other}`];
};

// Returns the words of the platform's own errors, which carry them inside JSON.
const told = (error) => {
  try {
    return JSON.parse(error.message);
  } catch {
    return { message: error.message };
  }
};

module.exports = { App, HUB, KEYS, call, newId, newPhone, run, send, serve, shapeFaults, told };
