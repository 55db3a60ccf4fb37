const assert = require('node:assert/strict');
const { before, describe, it } = require('node:test');

const { App, call, newPhone, run, send, shapeFaults } = require('./support');

const EVENTS = {
  new_message: 'message.created',
  new_customer: 'customer.created',
  conversation_closed: 'conversation.closed',
};
const WRONG = [
  undefined,
  null,
  'text',
  7,
  [],
  [{}],
  {},
  { id: 'evt_1', type: 'hook.test', data: { id: 'x' } },
];

// Two of everything, so that there is an order to look at.
before(async () => {
  for (const body of ['first', 'second']) {
    const { conversationId } = await send({ body, customer: { phoneE164: newPhone() } });
    await send({ body: `${body} answer`, direction: 'outbound', conversationId });
    await call('PATCH', `/conversations/${conversationId}`, { status: 'closed' });
  }
});

const descending = (values) => [...values].sort().reverse();

for (const [key, event] of Object.entries(EVENTS)) {
  const { operation } = App.triggers[key];

  describe(`the trigger ${key}`, () => {
    it('shows what happened last, newest first and nothing twice', async () => {
      const items = await run(operation.performList);

      assert.ok(items.length >= 2);
      assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
      const events = items.map(({ eventId }) => eventId);
      assert.deepEqual(events, descending(events));
      assert.equal(new Set(events).size, events.length);
    });

    it('has one shape in its list, its sample and the hook, which is that of the hub', async () => {
      const [newest, ...others] = await run(operation.performList);
      const { data: log } = await call('GET', `/events?type=${event}&limit=1`);
      const { data: types } = await call('GET', '/event-types');
      const { sample } = types.data.find(({ type }) => type === event);

      const hooked = await run(operation.perform, {}, { cleanedRequest: log.data[0] });
      const asTold = await run(operation.perform, {}, { cleanedRequest: sample });

      for (const item of [newest, ...others, hooked[0]]) {
        assert.deepEqual(shapeFaults(item, operation.sample), []);
      }
      assert.deepEqual(shapeFaults(asTold[0], operation.sample), []);
      assert.deepEqual(asTold[0], operation.sample);
    });

    it('hands on what the hook brings, with the id of the event', async () => {
      const { data: log } = await call('GET', `/events?type=${event}&limit=1`);
      const [envelope] = log.data;

      const items = await run(operation.perform, {}, { cleanedRequest: envelope });

      assert.deepEqual(items, [{ ...envelope.data, eventId: envelope.id }]);
    });

    it('swallows what is no event of its own', async () => {
      const { data: log } = await call('GET', `/events?type=${event}&limit=1`);
      const [envelope] = log.data;
      const spoiled = [
        { ...envelope, type: 'visitor.identified' },
        { ...envelope, data: null },
        { ...envelope, data: {} },
        { ...envelope, data: 'text' },
        { ...envelope, id: undefined },
      ];

      for (const cleanedRequest of [...WRONG, ...spoiled]) {
        const items = await run(operation.perform, {}, { cleanedRequest });
        assert.deepEqual(items, [], JSON.stringify(cleanedRequest));
      }
    });
  });
}

describe('the filters of new_message', () => {
  const { operation } = App.triggers.new_message;

  it('hold in the list', async () => {
    for (const direction of ['inbound', 'outbound']) {
      const items = await run(operation.performList, { direction });
      assert.ok(items.length >= 2);
      assert.deepEqual([...new Set(items.map((item) => item.direction))], [direction]);
    }
    assert.deepEqual(await run(operation.performList, { channel: 'whatsapp' }), []);
    assert.ok((await run(operation.performList, { channel: 'api', direction: 'inbound' })).length);
  });

  it('hold for what the hook brings, also when the hub has an older filter', async () => {
    const { data: log } = await call('GET', '/events?type=message.created&limit=1');
    const [cleanedRequest] = log.data;
    const { direction, channel } = cleanedRequest.data;
    const other = direction === 'inbound' ? 'outbound' : 'inbound';

    assert.equal(
      (await run(operation.perform, { direction, channel }, { cleanedRequest })).length,
      1,
    );
    assert.deepEqual(await run(operation.perform, { direction: other }, { cleanedRequest }), []);
    assert.deepEqual(await run(operation.perform, { channel: 'sms' }, { cleanedRequest }), []);
  });
});

describe('the list of conversation_closed', () => {
  const { operation } = App.triggers.conversation_closed;

  it('leaves out what was opened again, and shows once what was closed twice', async () => {
    const [again, twice] = await Promise.all(
      ['a', 'b'].map((body) => send({ body, customer: { phoneE164: newPhone() } })),
    );
    const set = (id, status) => call('PATCH', `/conversations/${id}`, { status });
    await set(again.conversationId, 'closed');
    await set(again.conversationId, 'open');
    for (const status of ['closed', 'open', 'closed']) {
      await set(twice.conversationId, status);
    }

    const items = await run(operation.performList);
    const { data: log } = await call('GET', '/events?type=conversation.closed');

    assert.ok(items.every(({ id }) => id !== again.conversationId));
    const [last] = log.data.filter(({ data }) => data.id === twice.conversationId);
    assert.deepEqual(
      items.filter(({ id }) => id === twice.conversationId).map(({ eventId }) => eventId),
      [last.id],
    );
  });
});
