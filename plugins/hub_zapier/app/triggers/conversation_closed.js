const { labels } = require('../fields');
const conversation = require('../samples/conversation.json');
const restHook = require('./_rest-hook');

module.exports = restHook({
  key: 'conversation_closed',
  noun: 'Conversation',
  label: 'Conversation Closed',
  description: 'Triggers when a conversation is closed.',
  event: 'conversation.closed',
  // One that was opened again is a poor example, though its closing is in the log.
  shows: (item) => item.status === 'closed',
  sample: { ...conversation, status: 'closed' },
  outputFields: labels.conversation,
});
