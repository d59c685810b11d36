// Preloaded into the processes of the scenarios: ends them with the run that started them, also when that was killed,
// so that they do not go on in a cluster that the next run uses.

const run = process.ppid;

setInterval(() => {
  if (process.ppid !== run) process.exit(1);
}, 500).unref();
