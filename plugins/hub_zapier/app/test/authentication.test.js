const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { App, HUB, KEYS, run, serve, told } = require('./support');

const connect = (authData) => run(App.authentication.test, {}, { authData });
const refusal = async (authData) => {
  const error = await connect(authData).then(
    () => assert.fail('it was let in'),
    (thrown) => thrown,
  );
  return { name: error.name, ...told(error) };
};

describe('a connection', () => {
  it('is good with a server key, and named after the business and the key', async () => {
    const me = await connect({});

    const label = App.authentication.connectionLabel.replace(/{{(\w+)}}/g, (_, path) =>
      path.split('__').reduce((value, name) => value[name], me),
    );
    assert.equal(label, 'Acme (Zapier)');
    assert.equal(me.key.kind, 'server');
  });

  it('takes address and key as people paste them', async () => {
    for (const baseUrl of [`${HUB}/`, ` ${HUB}//`, `${HUB}/api/v1`, `${HUB}/api/v1/`]) {
      const me = await connect({ baseUrl, apiKey: ` ${KEYS.server}\n` });
      assert.equal(me.ok, true, baseUrl);
    }
  });

  it('asks to connect anew when the key is dead or mistyped', async () => {
    for (const apiKey of [`${KEYS.server}x`, 'ck_live_no', '']) {
      const { name, message } = await refusal({ apiKey });
      assert.equal(name, 'ExpiredAuthError');
      assert.match(message, /^Invalid or revoked API key \[req_\w+\]/);
    }
  });

  it('is refused to a widget key, in the words of the hub', async () => {
    const { name, message, code, status } = await refusal({ apiKey: KEYS.widget });

    assert.match(message, /^This endpoint requires a server key \[req_\w+\]$/);
    assert.deepEqual([name, code, status], ['AppError', 'wrong_key_kind', 403]);
  });

  it('sends no key over plain http, except on this computer', async () => {
    const { message } = await refusal({ baseUrl: 'http://hub.example.com' });

    assert.equal(message, "The hub's address has to begin with https://");
  });

  it('says so when something else than an address is entered', async () => {
    for (const baseUrl of ['', 'ftp://hub.example.com', 'not an address', 'https://']) {
      const { message } = await refusal({ baseUrl });
      assert.equal(message, "Enter the hub's address, like https://hub.example.com", baseUrl);
    }
  });

  it('says so when another site is at the address', async (test) => {
    const site = await serve(test, (_, answer) => answer.end('<h1>Welcome</h1>'));
    const api = await serve(test, (_, answer) => answer.end('{"ok": true}'));
    const broken = await serve(test, (_, answer) => answer.writeHead(502).end('Bad gateway'));

    assert.equal((await refusal({ baseUrl: site })).message, `There is no Clonvo Hub at ${site}`);
    assert.match((await refusal({ baseUrl: api })).message, /^There is no Clonvo Hub at this/);
    assert.match(
      (await refusal({ baseUrl: broken })).message,
      /status 502, and not as a hub does$/,
    );
  });

  it('takes the key to no other address', async (test) => {
    const keys = [];
    const other = await serve(test, (request, answer) => {
      keys.push(request.headers.authorization);
      answer.end('{}');
    });
    const moved = await serve(test, (_, answer) => {
      answer.writeHead(301, { location: `${other}/api/v1/me` }).end();
    });

    const { message } = await refusal({ baseUrl: moved });

    assert.equal(message, `The hub is at another address: ${other}`);
    assert.deepEqual(keys, []);
  });

  it('says so when nobody answers', async () => {
    const { message, status } = await refusal({ baseUrl: 'http://127.0.0.1:1' });

    assert.equal(message, 'The hub at http://127.0.0.1:1 cannot be reached (ECONNREFUSED)');
    assert.equal(status, 503);
  });
});
