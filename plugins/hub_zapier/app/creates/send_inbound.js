const { displayName, email, externalUserId, labels, phone, visitorId } = require('../fields');
const { ask, given } = require('../hub');
const limits = require('../limits');
const sample = require('../samples/inbound.json');

const perform = (z, bundle) => {
  const inputs = bundle.inputData;
  return ask(z, bundle, {
    method: 'POST',
    path: '/messages',
    body: given({
      direction: 'inbound',
      body: inputs.body,
      providerMessageId: inputs.providerMessageId,
      customer: given({ phoneE164: inputs.phoneE164, displayName: inputs.displayName }),
      visitor: given({
        visitorId: inputs.visitorId,
        externalUserId: inputs.externalUserId,
        externalEmail: inputs.email,
        path: inputs.path,
      }),
    }),
  });
};

module.exports = {
  key: 'send_inbound',
  noun: 'Message',
  display: {
    label: 'Add Message from Customer',
    description:
      'Puts into the hub what a customer wrote elsewhere, such as in a form or an email.',
  },
  operation: {
    perform,
    throttle: limits.messages,
    inputFields: [
      { key: 'body', label: 'Text', type: 'text', required: true },
      { ...phone, helpText: `${phone.helpText} Fill in this or one of the next three.` },
      email,
      externalUserId,
      visitorId,
      displayName,
      {
        key: 'providerMessageId',
        label: 'ID at Its Source',
        helpText:
          'The ID that the message has where it comes from. A message that comes again with the ' +
          'same ID is not stored again, also when Zapier repeats the step.',
      },
      { key: 'path', label: 'Page', helpText: 'The page on which it was written.' },
    ],
    sample,
    outputFields: labels.accepted,
  },
};
