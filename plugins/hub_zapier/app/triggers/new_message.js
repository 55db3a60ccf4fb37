const { channel, labels } = require('../fields');
const sample = require('../samples/message.json');
const restHook = require('./_rest-hook');

module.exports = restHook({
  key: 'new_message',
  noun: 'Message',
  label: 'New Message',
  description: 'Triggers when a customer writes, or when somebody writes to a customer.',
  event: 'message.created',
  filters: ['direction', 'channel'],
  inputFields: [
    {
      key: 'direction',
      label: 'Direction',
      choices: { inbound: 'From customers', outbound: 'To customers' },
      helpText:
        'Leave it empty for both. A Zap that answers messages should take those **from customers** ' +
        'only, or it would answer itself.',
    },
    { ...channel, helpText: 'Leave it empty for all channels.' },
  ],
  sample,
  outputFields: labels.message,
});
