// The application of the demo: says what it was started with, and runs until it is told to stop.

const { DB_PASSWORD, DB_PORT, DSN } = process.env;
const leftOver = Object.keys(process.env).filter((name) => name.startsWith('PIGGY_'));
console.log(JSON.stringify({ pid: process.pid, DB_PASSWORD, DB_PORT, DSN, leftOver }));

const timer = setInterval(() => undefined, 60_000);
process.once('SIGTERM', () => {
  clearInterval(timer);
  console.log('stopped by SIGTERM');
});
