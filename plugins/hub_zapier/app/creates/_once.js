// Returns the headers that keep a step which Zapier repeats from sending twice.
//
// Zapier tells a step nothing that is the same for all tries of one run and different for each run.
// So a person has to say what makes the run unique, and without that there is no such header. The
// other inputs are part of the key: two steps may answer one event, each with a text of its own.
const onceHeaders = (z, bundle, action) => {
  const inputs = bundle.inputData;
  if (!inputs.uniqueId) {
    return {};
  }
  const sorted = Object.keys(inputs)
    .sort()
    .map((name) => [name, inputs[name]]);
  const run = JSON.stringify([action, bundle.meta?.zap?.id ?? null, sorted]);
  return { 'Idempotency-Key': `zapier-${z.hash('sha256', run)}` };
};

module.exports = { onceHeaders };
