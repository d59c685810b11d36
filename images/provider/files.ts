// What the image of the provider holds of ours, as paths from the root: made by bundle.ts.

export const bundledFiles: readonly string[] = [
  ...['provider', 'lookups'].flatMap((name) =>
    ['', '.map', '.LEGAL.txt'].map((end) => `build/${name}.mjs${end}`),
  ),
  'build/installation-test.mjs',
];
