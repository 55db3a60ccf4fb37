const { version: platformVersion } = require('zapier-platform-core');

const authentication = require('./authentication');
const { beforeRequest, afterResponse } = require('./middleware');
const { version } = require('./package.json');

const byKey = (parts) => Object.fromEntries(parts.map((part) => [part.key, part]));

module.exports = {
  version,
  platformVersion,
  authentication,
  beforeRequest,
  afterResponse,
  triggers: byKey([
    require('./triggers/new_message'),
    require('./triggers/new_customer'),
    require('./triggers/conversation_closed'),
  ]),
  creates: byKey([
    require('./creates/send_reply'),
    require('./creates/send_inbound'),
    require('./creates/save_customer'),
    require('./creates/update_conversation'),
  ]),
  searches: byKey([require('./searches/find_customer'), require('./searches/find_conversation')]),
  searchOrCreates: byKey([
    {
      key: 'find_customer',
      display: {
        label: 'Find or Create Customer',
        description: 'Finds a customer, or creates one when there is none.',
      },
      search: 'find_customer',
      create: 'save_customer',
    },
  ]),
};
