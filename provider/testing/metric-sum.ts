// Adds up the samples of one metric in the text that Prometheus reads.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

/** Of those samples that have these labels; 0 where there is none. */
export function sumOfMetric(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((pair) => labelsOf(line).includes(pair)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** As they stand there; none of ours has a comma or an escaped quote in its value. */
function labelsOf(line: string): string[] {
  return line.slice(line.indexOf('{') + 1, line.lastIndexOf('}')).split(',');
}
