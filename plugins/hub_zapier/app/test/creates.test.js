const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { App, call, newId, newPhone, run, send, shapeFaults, told } = require('./support');

const { creates } = App;
const act = (name, inputs, more) => run(creates[name].operation.perform, inputs, more);
const message = async (id) => (await call('GET', `/messages/${id}`)).data;
const count = async (conversationId) =>
  (await call('GET', `/messages?conversationId=${conversationId}`)).data.data.length;
const customer = async (body = 'Do you ship to Canada?') => {
  const phoneE164 = newPhone();
  return { phoneE164, ...(await send({ body, customer: { phoneE164 } })) };
};

describe('send_inbound', () => {
  it('stores what a customer wrote, with all that is known of them', async () => {
    const phoneE164 = newPhone();
    const id = newId();
    const inputs = {
      body: 'From a form',
      phoneE164,
      email: `${id}@example.com`,
      externalUserId: id,
      visitorId: `v_${id}`,
      displayName: 'Jane Doe',
      path: '/contact',
    };

    const stored = await act('send_inbound', inputs);

    assert.deepEqual(shapeFaults(stored, creates.send_inbound.operation.sample), []);
    assert.equal(stored.visitorId, inputs.visitorId);
    const found = await message(stored.id);
    assert.deepEqual([found.direction, found.body], ['inbound', inputs.body]);
    assert.equal(found.customer.displayName, 'Jane Doe');
    assert.deepEqual([found.customer.phoneE164, found.customer.externalUserId], [phoneE164, id]);
    const session = (await call('GET', `/sessions/${stored.sessionId}`)).data;
    assert.equal(session.landingPath, '/contact');
  });

  it('stores it once when its id at its source comes again', async () => {
    const inputs = { body: 'Once', phoneE164: newPhone(), providerMessageId: newId() };

    const first = await act('send_inbound', inputs);
    const second = await act('send_inbound', inputs);

    assert.deepEqual(second, { ...first, duplicate: true });
    assert.equal(await count(first.conversationId), 1);
  });

  it('changes nothing in the text', async () => {
    const body = ' {{name}}, {{bundle.inputData.body}} and {{process.env.HOME}}\n\t"é 🙂" ';

    const stored = await act('send_inbound', { body, phoneE164: newPhone() });

    assert.equal((await message(stored.id)).body, body);
  });
});

describe('send_reply', () => {
  it('reaches the customer by conversation, by customer and by phone number', async () => {
    const { phoneE164, conversationId, customerId } = await customer();

    for (const to of [{ conversationId }, { customerId }, { phoneE164 }]) {
      const sent = await act('send_reply', { body: 'Yes, we do.', ...to });
      assert.deepEqual(shapeFaults(sent, creates.send_reply.operation.sample), []);
      assert.equal(sent.conversationId, conversationId);
      assert.equal((await message(sent.id)).direction, 'outbound');
    }
    assert.equal(await count(conversationId), 4);
  });

  it('takes a conversation before a customer before a phone number', async () => {
    const [one, other] = [await customer(), await customer()];
    const inputs = { body: 'hi', conversationId: one.conversationId };

    const sent = await act('send_reply', { ...inputs, phoneE164: other.phoneE164 });

    assert.equal(sent.customerId, one.customerId);
  });

  it('passes on the channel, the message that is answered and a template', async () => {
    const { customerId, id } = await customer();

    const sent = await act('send_reply', {
      body: 'Your order is on its way.',
      customerId,
      channel: 'api',
      replyToId: id,
      templateName: 'order_shipped',
      templateLanguage: 'en_US',
      templateValues: ['4711', 'Friday'],
    });

    const { channel, replyToId } = await message(sent.id);
    assert.deepEqual([channel, replyToId], ['api', id]);
  });

  it('says so when there is nobody to send it to', async () => {
    await assert.rejects(act('send_reply', { body: 'hi' }), (error) => {
      assert.match(told(error).message, /^Say who it is for: /);
      return true;
    });
  });
});

describe('a reply with a unique id', () => {
  const zap = (id) => ({ meta: { zap: { id } } });

  it('is sent once, however often Zapier repeats the step', async () => {
    const { conversationId } = await customer();
    const inputs = { body: 'Thank you', conversationId, uniqueId: newId() };

    const [first, ...others] = [
      await act('send_reply', inputs, zap('1')),
      await act('send_reply', inputs, zap('1')),
      await act('send_reply', Object.fromEntries(Object.entries(inputs).reverse()), zap('1')),
    ];

    assert.equal(first.duplicate, undefined);
    assert.deepEqual(
      others.map(({ id, duplicate }) => [id, duplicate]),
      [
        [first.id, true],
        [first.id, true],
      ],
    );
    assert.equal(await count(conversationId), 2);
  });

  it('stands beside another step, Zap or run that answers the same', async () => {
    const { conversationId } = await customer();
    const inputs = { body: 'Thank you', conversationId, uniqueId: newId() };
    const sent = [
      await act('send_reply', inputs, zap('1')),
      await act('send_reply', { ...inputs, body: 'Goodbye' }, zap('1')),
      await act('send_reply', inputs, zap('2')),
      await act('send_reply', { ...inputs, uniqueId: newId() }, zap('1')),
      await act('send_reply', inputs),
    ];

    assert.equal(new Set(sent.map(({ id }) => id)).size, sent.length);
  });

  it('is needed: without one the same text is sent again', async () => {
    const { conversationId } = await customer();
    const inputs = { body: 'Thank you', conversationId };

    const [first, second] = [await act('send_reply', inputs), await act('send_reply', inputs)];

    assert.notEqual(first.id, second.id);
  });
});

describe('update_conversation', () => {
  it('sets every status that it offers', async () => {
    const { conversationId } = await customer();
    const { operation } = creates.update_conversation;
    const { choices } = operation.inputFields.find(({ key }) => key === 'status');

    for (const status of [...Object.keys(choices), 'open']) {
      const changed = await act('update_conversation', { conversationId, status });
      assert.deepEqual([changed.id, changed.status], [conversationId, status]);
      assert.deepEqual(shapeFaults(changed, operation.sample), []);
    }
  });
});

describe('save_customer', () => {
  it('creates a customer, and notes more about the same one later', async () => {
    const phoneE164 = newPhone();
    const { operation } = creates.save_customer;

    const created = await act('save_customer', { phoneE164, attributes: { plan: 'pro' } });
    const noted = { phoneE164, displayName: 'Jane Doe', attributes: { size: 'L' } };
    const updated = await act('save_customer', noted);

    assert.deepEqual(shapeFaults(created, operation.sample), []);
    assert.deepEqual([created.created, updated.created], [true, false]);
    assert.deepEqual([updated.id, updated.displayName], [created.id, 'Jane Doe']);
    assert.deepEqual(updated.attributes, { plan: 'pro', size: 'L' });
  });
});
