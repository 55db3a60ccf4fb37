const { labels } = require('../fields');
const sample = require('../samples/customer.json');
const restHook = require('./_rest-hook');

module.exports = restHook({
  key: 'new_customer',
  noun: 'Customer',
  label: 'New Customer',
  description: 'Triggers when a customer is known for the first time.',
  event: 'customer.created',
  sample,
  outputFields: labels.customer,
});
