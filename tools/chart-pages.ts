// Makes two parts of the chart from other files: the table of values in its README from the comments of values.yaml, and the
// names that `env` takes in values.schema.json from the provider's table of settings.

import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

type ChartValue = { readonly path: string; readonly value: unknown; readonly comment: string };

/** Throws where a value has no comment. */
export function renderValuesTable(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error('values.yaml holds no values');
  const rows = [...valuesOf(contents, '')].map(({ path, value, comment }) => {
    const shown = value === '' ? '' : `\`${JSON.stringify(value).replaceAll('"', "'")}\``;
    return `| \`${path}\` | ${shown} | ${comment} |`;
  });
  return ['| value | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** A key with a comment is a value, whatever it holds; one without holds further values. */
function* valuesOf(map: YAMLMap, prefix: string): Generator<ChartValue> {
  for (const [index, pair] of map.items.entries()) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    const path = `${prefix}${key}`;
    const comment = commentOf(pair, index === 0 && prefix !== '' ? map : undefined);
    if (comment !== undefined) yield { path, value: valueOf(map, key), comment };
    else if (isMap(pair.value)) yield* valuesOf(pair.value, `${path}.`);
    else throw new Error(`the value ${path} has no comment in values.yaml`);
  }
}

function valueOf(map: YAMLMap, key: string): unknown {
  return (map.toJSON() as Readonly<Record<string, unknown>>)[key];
}

/** A comment before the first key of a map belongs to the map. */
function commentOf({ key }: Pair, map: YAMLMap | undefined): string | undefined {
  const comment = (isScalar(key) ? key.commentBefore : undefined) ?? map?.commentBefore;
  return comment
    ?.split('\n')
    .map((line) => line.trim())
    .join(' ');
}

/** Set by other values of the chart, or fixed by what its templates mount. */
const setByTheChart = [
  'PIGGY_ACCESS_DEFAULT',
  'PIGGY_ACCESS_RULES_FILE',
  'PIGGY_ADMISSION_KEY_FILES',
  'PIGGY_ADMISSION_SECRET',
  'PIGGY_CA_CONFIG_MAP',
  'PIGGY_CA_KEY_SECRET',
  'PIGGY_CERTIFICATES',
  'PIGGY_CERTIFICATE_NAMES',
  'PIGGY_ENGINE',
  'PIGGY_ENV_IMAGE',
  'PIGGY_ENV_IMAGE_PULL_POLICY',
  'PIGGY_LAUNCH_PORT',
  'PIGGY_LOOKUP_PORT',
  'PIGGY_NAMESPACE',
  'PIGGY_OPERATIONS_PORT',
  'PIGGY_PUBLISH_CA',
  'PIGGY_PULL_SECRET_NAMESPACES',
  'PIGGY_SEALING_KEY',
  'PIGGY_SERVICE_NAME',
  'PIGGY_SHARED_PULL_SECRET_NAMESPACES',
  'PIGGY_TLS_DIRECTORY',
  'PIGGY_TLS_SECRET',
];

/** The schema of the value `env`. The provider itself checks what the settings hold. */
export function envSchema(settingNames: readonly string[]): object {
  const names = settingNames.filter((name) => !setByTheChart.includes(name)).sort();
  const type = ['string', 'boolean', 'integer'];
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(names.map((name) => [name, { type }])),
  };
}
