const { conversationId, labels, status } = require('../fields');
const { ask } = require('../hub');
const limits = require('../limits');
const conversation = require('../samples/conversation.json');

const perform = (z, bundle) =>
  ask(z, bundle, {
    method: 'PATCH',
    path: `/conversations/${encodeURIComponent(bundle.inputData.conversationId)}`,
    body: { status: bundle.inputData.status },
  });

module.exports = {
  key: 'update_conversation',
  noun: 'Conversation',
  display: {
    label: 'Change Conversation Status',
    description: 'Closes a conversation, opens it again, or sets it aside.',
  },
  operation: {
    perform,
    throttle: limits.changes,
    inputFields: [
      { ...conversationId, required: true },
      {
        ...status,
        required: true,
        helpText: "The customer's next message opens the conversation again, whatever it was.",
      },
    ],
    sample: { ...conversation, status: 'closed', ok: true },
    outputFields: labels.conversation,
  },
};
