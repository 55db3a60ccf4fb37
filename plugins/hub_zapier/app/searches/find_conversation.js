const { channel, conversationId, customerId, labels, status } = require('../fields');
const { ask, given } = require('../hub');
const sample = require('../samples/conversation.json');

const byId = async (z, bundle, id) => {
  const path = `/conversations/${encodeURIComponent(id)}`;
  const found = await ask(z, bundle, { path, gone: [404] });
  return found ? [found] : [];
};

const perform = async (z, bundle) => {
  const inputs = bundle.inputData;
  if (inputs.conversationId) {
    return byId(z, bundle, inputs.conversationId);
  }
  if (!inputs.customerId) {
    // Without a customer it would be the newest conversation of anybody.
    throw new z.errors.Error('Fill in a customer ID or a conversation ID', 'no_filter', 400);
  }
  const query = given({ customerId: inputs.customerId, status: inputs.status, limit: 100 });
  const { data } = await ask(z, bundle, { path: '/conversations', query });
  // A customer has one conversation on each channel, so all of them are on this page.
  return data.filter((found) => !inputs.channel || found.channel === inputs.channel);
};

module.exports = {
  key: 'find_conversation',
  noun: 'Conversation',
  display: {
    label: 'Find Conversation',
    description: "Finds a customer's conversation, or the one with an ID.",
  },
  operation: {
    perform,
    inputFields: [
      { ...customerId, helpText: `${customerId.helpText} Fill in this or the conversation's ID.` },
      { ...channel, helpText: 'Leave it empty for all channels.' },
      { ...status, helpText: 'Leave it empty for any.' },
      { key: 'conversationId', label: 'Conversation ID', helpText: conversationId.helpText },
    ],
    sample,
    outputFields: labels.conversation,
  },
};
