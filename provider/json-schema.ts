// Compiles the JSON schemas that what comes from outside is held to. The schemas are the provider's own: a test holds them to the
// meta-schema, which would be a sixth of the provider's start here.

import { Ajv, type ValidateFunction } from 'ajv';

const ajv = new Ajv({ meta: false, validateSchema: false });

export function compileSchema<Valid>(schema: object): ValidateFunction<Valid> {
  return ajv.compile<Valid>(schema);
}
