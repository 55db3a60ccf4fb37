const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const createHandler = require('zapier-platform-core/src/tools/create-lambda-handler');

const manifest = require('../package.json');
const { App, shapeFaults } = require('./support');

const parts = { ...App.triggers, ...App.creates, ...App.searches };

const valueAt = (sample, key) =>
  key.split('__').reduce((value, name) => (value === null ? null : value[name]), sample);

describe('the app', () => {
  it('has no fault in the eyes of the platform', async () => {
    const { results } = await createHandler(App)({ command: 'validate' });

    assert.deepEqual(results, []);
  });

  it('runs on exactly the platform that its manifest names', () => {
    assert.equal(App.platformVersion, manifest.dependencies['zapier-platform-core']);
    assert.match(App.platformVersion, /^19\.\d+\.\d+$/);
    assert.equal(App.version, manifest.version);
  });

  it('has the parts that its README tells of', () => {
    assert.deepEqual(Object.keys(App.triggers).sort(), [
      'conversation_closed',
      'new_customer',
      'new_message',
    ]);
    assert.deepEqual(Object.keys(App.creates).sort(), [
      'save_customer',
      'send_inbound',
      'send_reply',
      'update_conversation',
    ]);
    assert.deepEqual(Object.keys(App.searches).sort(), ['find_conversation', 'find_customer']);
    assert.deepEqual(Object.keys(App.searchOrCreates), ['find_customer']);
  });

  it('names no field that its samples do not have', () => {
    for (const [key, { operation }] of Object.entries(parts)) {
      for (const field of operation.outputFields) {
        const value = valueAt(operation.sample, field.key);
        assert.notEqual(value, undefined, `${key}: ${field.key}`);
      }
    }
  });

  it('holds every action back before the hub has to refuse it', () => {
    for (const [key, { operation }] of Object.entries(App.creates)) {
      assert.deepEqual([operation.throttle.window, operation.throttle.limit], [60, 60], key);
      assert.deepEqual(operation.throttle.scope, ['auth'], key);
    }
    assert.deepEqual(
      App.creates.send_reply.operation.throttle,
      App.creates.send_inbound.operation.throttle,
    );
  });
});

describe('the comparison of shapes', () => {
  it('finds a key that is missing, on any depth and side, and a value of another kind', () => {
    const whole = { id: 'a', customer: { name: 'b', phone: null }, list: [{ x: 1 }] };

    assert.deepEqual(shapeFaults(whole, structuredClone(whole)), []);
    assert.deepEqual(shapeFaults(whole, { ...whole, list: [], customer: null }), []);
    assert.deepEqual(shapeFaults(whole, { ...whole, list: [{ y: 1 }] }), [
      '.list[].x is only in the first',
      '.list[].y is only in the second',
    ]);
    assert.deepEqual(shapeFaults(whole, { ...whole, customer: { phone: '1', name: 2 } }), [
      '.customer.name: string and number',
    ]);
  });
});
