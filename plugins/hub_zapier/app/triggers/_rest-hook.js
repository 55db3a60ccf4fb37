const { ask, given } = require('../hub');

// The editor is shown what happened last; pages of the log are read until there is enough to show.
const SHOWN = 10;
const PAGE = 100;
const PAGES = 3;

// Returns what a Zap gets of an event: the object it happened to, and the event's own id. Anything
// else that may be posted to a hook's address is no event: null.
const unwrap = (envelope, event) => {
  const { id, type, data } = envelope || {};
  const isEvent = typeof id === 'string' && type === event && typeof data?.id === 'string';
  return isEvent ? { ...data, eventId: id } : null;
};

const isWanted = (item, filter) =>
  Object.entries(filter).every(([name, value]) => item[name] === value);

// Makes a trigger that the hub calls as soon as one of its events happens.
//
// `filters` are the names of the inputs that the hub filters by, and `shows` tells which events of
// the past are good examples.
module.exports = (trigger) => {
  const { event, filters = [], shows = () => true } = trigger;
  const filterOf = (bundle) =>
    given(Object.fromEntries(filters.map((name) => [name, bundle.inputData?.[name]])));

  const performSubscribe = async (z, bundle) => {
    const hook = await ask(z, bundle, {
      method: 'POST',
      path: '/hooks',
      body: {
        url: bundle.targetUrl,
        events: [event],
        filter: filterOf(bundle),
        source: 'zapier',
        description: trigger.label,
      },
    });
    // Zapier keeps what is returned here; the hook's secret is of no use to it.
    return { id: hook.id };
  };

  const performUnsubscribe = async (z, bundle) => {
    const { id } = bundle.subscribeData;
    // A hook that is gone already is as good as one that is removed now.
    await ask(z, bundle, { method: 'DELETE', path: `/hooks/${id}`, gone: [404, 410] });
    return { id };
  };

  const perform = (z, bundle) => {
    const item = unwrap(bundle.cleanedRequest, event);
    return item && isWanted(item, filterOf(bundle)) ? [item] : [];
  };

  // The log holds the envelopes that the hook delivers, so both come out in one shape.
  const performList = async (z, bundle) => {
    const filter = filterOf(bundle);
    const found = new Map();
    let cursor;
    for (let page = 0; page < PAGES && found.size < SHOWN; page += 1) {
      const query = { type: event, limit: PAGE, cursor };
      const { data, nextCursor } = await ask(z, bundle, { path: '/events', query });
      for (const item of data.map((envelope) => unwrap(envelope, event))) {
        if (item && isWanted(item, filter) && shows(item) && !found.has(item.id)) {
          found.set(item.id, item);
        }
      }
      cursor = nextCursor;
      if (!cursor) {
        break;
      }
    }
    return [...found.values()];
  };

  return {
    key: trigger.key,
    noun: trigger.noun,
    display: { label: trigger.label, description: trigger.description },
    operation: {
      type: 'hook',
      inputFields: trigger.inputFields || [],
      performSubscribe,
      performUnsubscribe,
      perform,
      performList,
      sample: { ...trigger.sample, eventId: 'evt_01kg9ys7g00000000000000007' },
      // One conversation may be closed many times, and each time is an event of its own.
      outputFields: [{ key: 'eventId', label: 'Event ID', primary: true }, ...trigger.outputFields],
    },
  };
};
