const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { App, KEYS, call, newId, newPhone, run, serve, told } = require('./support');

const { creates, searches } = App;
const refusal = async (part, inputs, more) => {
  const error = await run(part.operation.perform, inputs, more).then(
    () => assert.fail('it was accepted'),
    (thrown) => thrown,
  );
  return { name: error.name, ...told(error) };
};

describe('a refusal', () => {
  it('names the field, what is wrong with it, and the id of the call', async () => {
    const { message, status } = await refusal(creates.send_inbound, {
      body: 'hi',
      phoneE164: '0151',
    });

    assert.match(
      message,
      /^Validation failed \(customer\.phoneE164: Use E\.164: .+\) \[req_\w+\]$/,
    );
    assert.equal(status, 400);
  });

  it('says what is missing when no field is to blame', async () => {
    const { message } = await refusal(creates.send_inbound, { body: 'hi' });

    assert.match(message, /^Validation failed \(.*customer\.phoneE164.*\) \[req_\w+\]$/);
  });

  it('of what is not there is an error in an action', async () => {
    const inputs = { conversationId: 'con_01kb3e9v5hf0zt3tbwq6s1m8nd', status: 'closed' };

    const { message, status } = await refusal(creates.update_conversation, inputs);

    assert.match(message, /^Not found \[req_\w+\]$/);
    assert.equal(status, 404);
  });

  it('asks to connect anew when the key was revoked', async () => {
    const authData = { apiKey: 'ck_live_gone' };

    const { name } = await refusal(
      searches.find_customer,
      { email: 'a@example.com' },
      { authData },
    );

    assert.equal(name, 'ExpiredAuthError');
  });
});

describe('a limit that is used up', () => {
  it('makes Zapier wait for as long as the hub says', async () => {
    const phoneE164 = newPhone();
    const body = { body: 'one of many', customer: { phoneE164 } };
    const { data: me } = await call('GET', '/me', undefined, KEYS.spare);
    const calls = Array.from({ length: me.limits.perMinute }, () => body);
    await Promise.all(calls.map((one) => call('POST', '/messages', one, KEYS.spare)));

    const authData = { apiKey: KEYS.spare };
    const inputs = { body: 'one more', phoneE164 };
    const { name, delay } = await refusal(creates.send_inbound, inputs, { authData });

    assert.equal(name, 'ThrottledError');
    assert.ok(Number.isInteger(delay) && delay >= 1 && delay <= 60, String(delay));
  });
});

describe('a hub that is busy', () => {
  const busy = (test) =>
    serve(test, (_, answer) => {
      answer.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '7' });
      answer.end('{"error": "The hub is busy, try again", "requestId": "req_1"}');
    });

  it('is asked again later, where asking twice does no harm', async (test) => {
    const more = { authData: { baseUrl: await busy(test) } };
    const reply = { body: 'hi', phoneE164: newPhone(), uniqueId: newId() };

    for (const [part, inputs] of [
      [searches.find_customer, { email: 'a@example.com' }],
      [creates.update_conversation, { conversationId: 'con_1', status: 'closed' }],
      [creates.send_reply, reply],
    ]) {
      const { name, delay } = await refusal(part, inputs, more);
      assert.deepEqual([name, delay], ['ThrottledError', 7], part.key);
    }
  });

  it('is not, where the message may have been stored and nothing makes it unique', async (test) => {
    const more = { authData: { baseUrl: await busy(test) } };

    const refused = await refusal(creates.send_reply, { body: 'hi', phoneE164: newPhone() }, more);

    assert.equal(refused.name, 'AppError');
    assert.equal(refused.message, 'The hub is busy, try again [req_1]');
  });
});
