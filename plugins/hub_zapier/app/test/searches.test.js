const assert = require('node:assert/strict');
const { before, describe, it } = require('node:test');

const { App, call, newId, newPhone, run, send, shapeFaults, told } = require('./support');

const { creates, searches } = App;
const find = (name, inputs, more) => run(searches[name].operation.perform, inputs, more);
const NOBODY = 'cus_01kb3e9v5hf0zt3tbwq6s1m8nd';
const NOTHING = 'con_01kb3e9v5hf0zt3tbwq6s1m8nd';

describe('find_customer', () => {
  const id = newId();
  const known = {
    phoneE164: newPhone(),
    email: `${id}@example.com`,
    externalUserId: `u_${id}`,
    visitorId: `v_${id}`,
  };
  let customerId;

  before(async () => {
    const { phoneE164, email, externalUserId, visitorId } = known;
    const visitor = { externalEmail: email, externalUserId, visitorId };
    ({ customerId } = await send({ body: 'hi', customer: { phoneE164 }, visitor }));
  });

  it('finds by each of its fields, and by all together', async () => {
    for (const inputs of [
      ...Object.entries(known).map((field) => Object.fromEntries([field])),
      known,
    ]) {
      const found = await find('find_customer', inputs);
      assert.deepEqual(
        found.map((one) => one.id),
        [customerId],
        JSON.stringify(inputs),
      );
      assert.deepEqual(shapeFaults(found[0], searches.find_customer.operation.sample), []);
    }
  });

  it('is an empty list when nobody is found', async () => {
    const strange = {
      phoneE164: newPhone(),
      email: `${newId()}@example.com`,
      externalUserId: newId(),
      visitorId: newId(),
    };
    for (const field of Object.entries(strange)) {
      assert.deepEqual(await find('find_customer', Object.fromEntries([field])), [], field[0]);
    }
    assert.deepEqual(await find('find_customer', { ...known, phoneE164: newPhone() }), []);
  });

  it('does not take everybody for found when nothing is asked', async () => {
    for (const inputs of [{}, { email: '' }]) {
      await assert.rejects(find('find_customer', inputs), (error) => {
        assert.equal(told(error).message, 'Fill in at least one field to search by');
        return true;
      });
    }
  });

  it('is followed by an action that creates exactly one', async () => {
    const { search, create } = App.searchOrCreates.find_customer;
    const inputs = { email: `${newId()}@example.com`, displayName: 'Jane Doe' };

    const nobody = await find(search, { email: inputs.email });
    const created = await run(creates[create].operation.perform, inputs, {
      meta: { withSearch: search },
    });
    const somebody = await find(search, { email: inputs.email });

    assert.deepEqual(nobody, []);
    assert.equal(created.created, true);
    assert.deepEqual(
      somebody.map(({ id: found }) => found),
      [created.id],
    );
  });
});

describe('find_conversation', () => {
  let place;

  before(async () => {
    place = await send({ body: 'hi', customer: { phoneE164: newPhone() } });
    await call('PATCH', `/conversations/${place.conversationId}`, { status: 'pending' });
  });

  it('finds by its id, and by its customer with channel and status', async () => {
    const { customerId, conversationId } = place;
    for (const inputs of [
      { conversationId },
      { customerId },
      { customerId, channel: 'api' },
      { customerId, channel: 'api', status: 'pending' },
    ]) {
      const found = await find('find_conversation', inputs);
      assert.deepEqual(
        found.map(({ id }) => id),
        [conversationId],
        JSON.stringify(inputs),
      );
      assert.deepEqual(shapeFaults(found[0], searches.find_conversation.operation.sample), []);
    }
  });

  it('is an empty list when there is none', async () => {
    const { customerId } = place;
    for (const inputs of [
      { conversationId: NOTHING },
      { conversationId: 'no id at all' },
      { customerId: NOBODY },
      { customerId, status: 'closed' },
      { customerId, channel: 'whatsapp' },
    ]) {
      assert.deepEqual(await find('find_conversation', inputs), [], JSON.stringify(inputs));
    }
  });

  it('is still an error when the hub refuses for another reason', async () => {
    const authData = { apiKey: 'ck_live_gone' };

    await assert.rejects(find('find_conversation', { conversationId: NOTHING }, { authData }), {
      name: 'ExpiredAuthError',
    });
  });

  it('does not take any conversation for found when nothing is asked', async () => {
    await assert.rejects(find('find_conversation', { status: 'open' }), (error) => {
      assert.equal(told(error).message, 'Fill in a customer ID or a conversation ID');
      return true;
    });
  });
});
