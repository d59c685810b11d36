#!/usr/bin/env bash
# moto answers a parameter that was asked for by version or label without its Selector.
#
# Systems Manager repeats in `Selector` which version or label a parameter was asked for by (":2", ":blue"): of several answers to
# GetParameters with the same Name, nothing else tells which is which by what was asked. moto finds the right version, and leaves the
# field out, so two answers for two selectors of one parameter differ by Version only.
#
# Where it bites: code that matches the answers of GetParameters with its questions. What to do: match by Version where a number was
# asked for; test labels one at a time.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'moto[ssm]==5.2.2' boto3==1.44.8

cat >ask.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client('ssm', region_name='eu-west-1', aws_access_key_id='a', aws_secret_access_key='b')
    client.put_parameter(Name='/shop/key', Value='one', Type='String')
    client.label_parameter_version(Name='/shop/key', Labels=['blue'])
    client.put_parameter(Name='/shop/key', Value='two', Type='String', Overwrite=True)
    for name in ['/shop/key:blue', '/shop/key:2']:
        [found] = client.get_parameters(Names=[name])['Parameters']
        print(name, 'gives', found['Name'], 'version', found['Version'], found['Value'], 'selector', found.get('Selector'))
PY

seen=$(python/bin/python ask.py)
expected='/shop/key:blue gives /shop/key version 1 one selector None
/shop/key:2 gives /shop/key version 2 two selector None'

echo 'moto 5.2.2, by boto3 1.44.8:'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
