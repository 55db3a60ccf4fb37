const { channel, conversationId, customerId, labels, phone } = require('../fields');
const { ask, given } = require('../hub');
const limits = require('../limits');
const sample = require('../samples/reply.json');
const { onceHeaders } = require('./_once');

const recipient = (z, inputs) => {
  if (inputs.conversationId) {
    return { conversationId: inputs.conversationId };
  }
  if (inputs.customerId) {
    return { customerId: inputs.customerId };
  }
  if (inputs.phoneE164) {
    return { customer: { phoneE164: inputs.phoneE164 } };
  }
  const words = 'Say who it is for: fill in a conversation ID, a customer ID or a phone number';
  throw new z.errors.Error(words, 'no_recipient', 400);
};

const template = ({ templateName, templateLanguage, templateValues = [] }) => {
  if (!templateName) {
    return undefined;
  }
  const parameters = templateValues.map((text) => ({ type: 'text', text }));
  const components = parameters.length ? [{ type: 'body', parameters }] : [];
  return { name: templateName, language: templateLanguage || 'en', components };
};

const perform = (z, bundle) => {
  const inputs = bundle.inputData;
  return ask(z, bundle, {
    method: 'POST',
    path: '/messages',
    headers: onceHeaders(z, bundle, 'send_reply'),
    body: given({
      direction: 'outbound',
      body: inputs.body,
      ...recipient(z, inputs),
      channel: inputs.channel,
      replyToId: inputs.replyToId,
      template: template(inputs),
    }),
  });
};

module.exports = {
  key: 'send_reply',
  noun: 'Message',
  display: {
    label: 'Send Message to Customer',
    description: 'Sends a customer a message, on the channel where they last wrote.',
  },
  operation: {
    perform,
    throttle: limits.messages,
    inputFields: [
      {
        ...conversationId,
        helpText: `${conversationId.helpText} Fill in this or one of the next two.`,
      },
      customerId,
      phone,
      { key: 'body', label: 'Text', type: 'text', required: true },
      {
        ...channel,
        helpText: 'Leave it empty to answer where the customer last wrote.',
      },
      { key: 'replyToId', label: 'Answers Message ID', helpText: 'Begins with `msg_`.' },
      {
        key: 'uniqueId',
        label: 'Unique ID',
        helpText:
          'Something that is different in each run, such as the **Event ID** of the trigger. ' +
          'When Zapier repeats this step, nothing is sent twice. Without it, it may be.',
      },
      {
        key: 'templateName',
        label: 'WhatsApp Template',
        helpText:
          'Needed when the customer has not written on WhatsApp for 24 hours: the name of a ' +
          'template that Meta has approved. The text above is what your team sees of it.',
      },
      { key: 'templateLanguage', label: 'Template Language', placeholder: 'en' },
      {
        key: 'templateValues',
        label: 'Template Values',
        list: true,
        helpText: 'What stands for {{1}}, {{2}} and so on in the template, in this order.',
      },
    ],
    sample,
    outputFields: [...labels.accepted, { key: 'status', label: 'Status' }],
  },
};
