// What steps ask for, and how the parts of the hub's objects are called in the editor.

const channel = {
  key: 'channel',
  label: 'Channel',
  choices: [
    { value: 'api', sample: 'api', label: 'API' },
    { value: 'widget', sample: 'widget', label: 'Website widget' },
    { value: 'whatsapp', sample: 'whatsapp', label: 'WhatsApp' },
  ],
};

const conversationId = {
  key: 'conversationId',
  label: 'Conversation ID',
  search: 'find_conversation.id',
  helpText: 'Begins with `con_`.',
};

const customerId = {
  key: 'customerId',
  label: 'Customer ID',
  search: 'find_customer.id',
  helpText: 'Begins with `cus_`.',
};

const phone = {
  key: 'phoneE164',
  label: 'Phone Number',
  placeholder: '+15551234567',
  helpText: 'International, with + and without spaces.',
};

const email = { key: 'email', label: 'Email' };

const externalUserId = {
  key: 'externalUserId',
  label: 'External User ID',
  helpText: 'Your own ID of the customer.',
};

const visitorId = {
  key: 'visitorId',
  label: 'Visitor ID',
  helpText: 'Your own ID of the talk or the browser.',
};

const displayName = { key: 'displayName', label: 'Name' };

const status = {
  key: 'status',
  label: 'Status',
  choices: { open: 'Open', pending: 'Pending', snoozed: 'Snoozed', closed: 'Closed' },
};

const labelled = (labels, more = {}) =>
  Object.entries(labels).map(([key, label]) => ({ key, label, ...more }));

const moments = (labels) => labelled(labels, { type: 'datetime' });

const customerLabels = {
  displayName: 'Name',
  phoneE164: 'Phone Number',
  email: 'Email',
  externalUserId: 'External User ID',
};

const customer = [
  ...labelled({ id: 'Customer ID', ...customerLabels }),
  ...moments({
    createdAt: 'Created At',
    updatedAt: 'Updated At',
    lastMessageAt: 'Last Message At',
  }),
];

const itsCustomer = Object.entries(customerLabels).map(([key, label]) => ({
  key: `customer__${key}`,
  label: `Customer ${label}`,
}));

const message = [
  ...labelled({
    id: 'Message ID',
    body: 'Text',
    direction: 'Direction',
    channel: 'Channel',
    type: 'Type',
    status: 'Status',
    conversationId: 'Conversation ID',
    customerId: 'Customer ID',
    sessionId: 'Visitor Session ID',
    replyToId: 'Answers Message ID',
    providerMessageId: 'ID at Its Source',
    author__kind: 'Author Kind',
    author__name: 'Author Name',
  }),
  { key: 'seq', label: 'Number in Conversation', type: 'integer' },
  ...itsCustomer,
  ...moments({ occurredAt: 'Occurred At', createdAt: 'Created At', updatedAt: 'Updated At' }),
];

const conversation = [
  ...labelled({
    id: 'Conversation ID',
    channel: 'Channel',
    status: 'Status',
    customerId: 'Customer ID',
    sessionId: 'Visitor Session ID',
  }),
  { key: 'lastSeq', label: 'Number of Messages', type: 'integer' },
  ...itsCustomer,
  ...moments({
    lastMessageAt: 'Last Message At',
    lastInboundAt: 'Last Customer Message At',
    createdAt: 'Created At',
    updatedAt: 'Updated At',
  }),
];

const accepted = labelled({
  id: 'Message ID',
  conversationId: 'Conversation ID',
  customerId: 'Customer ID',
  sessionId: 'Visitor Session ID',
  visitorId: 'Visitor ID',
});

const labels = { accepted, conversation, customer, message };

module.exports = {
  channel,
  conversationId,
  customerId,
  displayName,
  email,
  externalUserId,
  labels,
  phone,
  status,
  visitorId,
};
