// The way of an event to a Zap, on the hub's own deliveries: it has to be allowed to post to
// 127.0.0.1 (WEBHOOK_ALLOW_HTTP, WEBHOOK_ALLOW_SUBNETS).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { createServer } = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');

const { App, call, newId, newPhone, run, send, shapeFaults, told } = require('./support');

const {
  new_message: newMessage,
  new_customer: newCustomer,
  conversation_closed: closed,
} = App.triggers;
const PATIENCE = 10_000;
const PAUSE = 50;

// Stands where Zapier does: keeps what is posted to each path, as Zapier hands it to a trigger.
const inbox = new Map();
const zapier = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const posted = JSON.parse(Buffer.concat(parts).toString());
    inbox.set(request.url, [...(inbox.get(request.url) || []), posted]);
    response.end('{"status": "success"}');
  });
});

before(async () => {
  await new Promise((resolve) => {
    zapier.listen(0, '127.0.0.1', resolve);
  });
});
after(() => {
  zapier.closeAllConnections();
  zapier.close();
});

// Every Zap has an address of its own.
const newTarget = () => {
  const path = `/hooks/standard/${newId()}`;
  return { path, url: `http://127.0.0.1:${zapier.address().port}${path}` };
};

const subscribe = ({ operation }, targetUrl, inputs) =>
  run(operation.performSubscribe, inputs, { targetUrl });
const unsubscribe = ({ operation }, subscribeData, more) =>
  run(operation.performUnsubscribe, {}, { subscribeData, ...more });
const hooksAt = async (url) =>
  (await call('GET', `/hooks?url=${encodeURIComponent(url)}`)).data.data;

const subscribed = async (test, trigger, inputs) => {
  const target = newTarget();
  const hook = await subscribe(trigger, target.url, inputs);
  test.after(() => unsubscribe(trigger, hook));
  return { ...target, hook };
};

const posted = async (path, isIt) => {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(PAUSE)) {
    const found = (inbox.get(path) || []).find(isIt);
    if (found) {
      return found;
    }
  }
  return assert.fail(`nothing came to ${path}`);
};

describe('a Zap that is switched on', () => {
  it('has a hook at its address, for its event and with its filter', async (test) => {
    const inputs = { direction: 'inbound', channel: 'api' };

    const { url, hook } = await subscribed(test, newMessage, inputs);

    const [found, ...others] = await hooksAt(url);
    assert.deepEqual(others, []);
    assert.deepEqual(hook, { id: found.id });
    assert.match(found.id, /^hook_/);
    assert.deepEqual(found.events, ['message.created']);
    assert.deepEqual([found.filter.direction, found.filter.channel], ['inbound', 'api']);
    assert.deepEqual([found.source, found.status], ['zapier', 'active']);
    assert.equal(found.description, 'New Message');
  });

  it('has it once, also when Zapier subscribes again', async (test) => {
    const { url, hook } = await subscribed(test, newCustomer);

    assert.deepEqual(await subscribe(newCustomer, url), hook);
    assert.equal((await hooksAt(url)).length, 1);
  });

  it('leaves other Zaps alone when it is switched off', async (test) => {
    const other = await subscribed(test, newMessage);
    const { url } = newTarget();
    const hook = await subscribe(newMessage, url);

    await unsubscribe(newMessage, hook);

    assert.deepEqual(await hooksAt(url), []);
    assert.equal((await hooksAt(other.url)).length, 1);
  });

  it('is switched off without a word when its hook is gone already', async () => {
    const hook = await subscribe(closed, newTarget().url);

    await unsubscribe(closed, hook);

    assert.deepEqual(await unsubscribe(closed, hook), hook);
  });

  it('does not pass for switched off when the hub says no', async (test) => {
    const { hook } = await subscribed(test, closed);

    await assert.rejects(unsubscribe(closed, hook, { authData: { apiKey: 'ck_live_gone' } }), {
      name: 'ExpiredAuthError',
    });
  });

  it('is refused an address that no hub may post to', async () => {
    await assert.rejects(subscribe(newMessage, 'not an address'), (error) => {
      assert.match(told(error).message, /^Validation failed \(url: .+\) \[req_\w+\]$/);
      return true;
    });
  });
});

describe('what the hub posts', () => {
  const items = ({ operation }, cleanedRequest, inputs) =>
    run(operation.perform, inputs, { cleanedRequest });

  it('of a message is what the list shows of it', async (test) => {
    const { path } = await subscribed(test, newMessage);

    const { id } = await send({ body: 'Hello', customer: { phoneE164: newPhone() } });
    const [item] = await items(newMessage, await posted(path, ({ data }) => data.id === id));

    const listed = await run(newMessage.operation.performList);
    assert.deepEqual(
      listed.find((one) => one.id === id),
      item,
    );
    assert.deepEqual(shapeFaults(item, newMessage.operation.sample), []);
  });

  it('of a customer and of a conversation has the shape of the sample', async (test) => {
    const customers = await subscribed(test, newCustomer);
    const closings = await subscribed(test, closed);

    const place = await send({ body: 'Goodbye', customer: { phoneE164: newPhone() } });
    await call('PATCH', `/conversations/${place.conversationId}`, { status: 'closed' });

    for (const [trigger, { path }, id] of [
      [newCustomer, customers, place.customerId],
      [closed, closings, place.conversationId],
    ]) {
      const [item] = await items(trigger, await posted(path, ({ data }) => data.id === id));
      assert.deepEqual(shapeFaults(item, trigger.operation.sample), [], trigger.key);
    }
  });

  it('is only what the Zap asked for', async (test) => {
    const { path } = await subscribed(test, newMessage, { direction: 'outbound' });
    const customer = { phoneE164: newPhone() };

    const inbound = await send({ body: 'Hello', customer });
    const outbound = await send({ body: 'Good day', direction: 'outbound', customer });
    await posted(path, ({ data }) => data.id === outbound.id);

    assert.ok(inbox.get(path).every(({ data }) => data.id !== inbound.id));
  });

  it('stops when the Zap is switched off', async (test) => {
    const off = newTarget();
    await unsubscribe(newMessage, await subscribe(newMessage, off.url));
    const { path } = await subscribed(test, newMessage);

    const { id } = await send({ body: 'Anybody?', customer: { phoneE164: newPhone() } });
    await posted(path, ({ data }) => data.id === id);

    assert.equal(inbox.get(off.path), undefined);
  });
});
