const { email, externalUserId, labels, phone, visitorId } = require('../fields');
const { ask, given } = require('../hub');
const sample = require('../samples/customer.json');

const perform = async (z, bundle) => {
  const inputs = bundle.inputData;
  const query = given({
    phoneE164: inputs.phoneE164,
    email: inputs.email,
    externalUserId: inputs.externalUserId,
    visitorId: inputs.visitorId,
  });
  if (!Object.keys(query).length) {
    // Without a filter the hub would list everybody, and the newest would seem to be found.
    throw new z.errors.Error('Fill in at least one field to search by', 'no_filter', 400);
  }
  return (await ask(z, bundle, { path: '/customers', query })).data;
};

module.exports = {
  key: 'find_customer',
  noun: 'Customer',
  display: {
    label: 'Find Customer',
    description: 'Finds a customer by phone number, email or an ID.',
  },
  operation: {
    perform,
    inputFields: [
      {
        ...phone,
        helpText: `${phone.helpText} With several fields filled in, all of them have to fit.`,
      },
      email,
      externalUserId,
      visitorId,
    ],
    sample,
    outputFields: labels.customer,
  },
};
