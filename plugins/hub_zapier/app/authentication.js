const { ask } = require('./hub');

const test = async (z, bundle) => {
  const me = await ask(z, bundle, { path: '/me' });
  if (!me.organization || !me.key) {
    throw new z.errors.Error('There is no Clonvo Hub at this address', 'not_a_hub', 404);
  }
  return me;
};

module.exports = {
  type: 'custom',
  fields: [
    {
      key: 'baseUrl',
      label: 'Hub Address',
      required: true,
      // Without it the address would be blotted out in every log line and error.
      isNoSecret: true,
      placeholder: 'https://hub.example.com',
      helpText: 'The address of your hub, as you open it in a browser.',
    },
    {
      key: 'apiKey',
      label: 'Server Key',
      type: 'password',
      required: true,
      placeholder: 'ck_live_...',
      helpText:
        'A **server** key. Whoever runs the hub makes one with ' +
        '`clonvo key create --org YOUR-BUSINESS --kind server --name Zapier`. ' +
        'It is shown once. A widget key (`cwk_live_...`) does not work here.',
    },
  ],
  test,
  connectionLabel: '{{organization__name}} ({{key__label}})',
};
