// The hub takes so many calls a minute from a key. Zapier holds back what is more, so that a busy
// Zap waits instead of being refused; actions with the same key share one count.
const throttle = (key) => ({ window: 60, limit: 60, scope: ['auth'], key });

module.exports = { messages: throttle('messages'), changes: throttle('changes') };
