const { displayName, email, externalUserId, labels, phone } = require('../fields');
const { ask, given } = require('../hub');
const limits = require('../limits');
const customer = require('../samples/customer.json');

const perform = (z, bundle) => {
  const inputs = bundle.inputData;
  return ask(z, bundle, {
    method: 'POST',
    path: '/customers',
    body: given({
      phoneE164: inputs.phoneE164,
      email: inputs.email,
      externalUserId: inputs.externalUserId,
      displayName: inputs.displayName,
      attributes: inputs.attributes,
    }),
  });
};

module.exports = {
  key: 'save_customer',
  noun: 'Customer',
  display: {
    label: 'Create or Update Customer',
    description: 'Creates a customer, or notes more about the one who is known already.',
  },
  operation: {
    perform,
    throttle: limits.changes,
    inputFields: [
      { ...phone, helpText: `${phone.helpText} Fill in this or one of the next two.` },
      email,
      externalUserId,
      displayName,
      {
        key: 'attributes',
        label: 'Attributes',
        dict: true,
        helpText: 'Anything else to note. Attributes that are not named here stay as they are.',
      },
    ],
    sample: { ...customer, ok: true, created: true },
    outputFields: [...labels.customer, { key: 'created', label: 'Is New', type: 'boolean' }],
  },
};
