#!/usr/bin/env bash
# moto takes every staging label off a secret's version when the next version becomes current, not AWSCURRENT alone.
#
# Secrets Manager moves AWSCURRENT to the new version and AWSPREVIOUS to the one that had it; the API reference of PutSecretValue names
# no other label that it moves, and labels of one's own stay until somebody moves them. In moto the label BLUE of the version that was
# current is gone after the next PutSecretValue, and asking for it ends with ResourceNotFoundException.
#
# Where it bites: tests of blue and green secrets, and of whoever reads a version by a label of its own. What to do: in such a test give
# the label to a version that is not current.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'moto[secretsmanager]==5.2.2' boto3==1.44.8

cat >labels.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client('secretsmanager', region_name='eu-west-1', aws_access_key_id='a', aws_secret_access_key='b')
    client.create_secret(Name='shop/api', SecretString='one')
    client.put_secret_value(SecretId='shop/api', SecretString='two', VersionStages=['AWSCURRENT', 'BLUE'])

    def tell(when):
        stages = client.describe_secret(SecretId='shop/api')['VersionIdsToStages'].values()
        print(when, sorted(label for labels in stages for label in labels))

    tell('after a version with the labels AWSCURRENT and BLUE:')
    print('BLUE is', client.get_secret_value(SecretId='shop/api', VersionStage='BLUE')['SecretString'])
    client.put_secret_value(SecretId='shop/api', SecretString='three')
    tell('after the next version, with default labels:')
    try:
        print('BLUE is', client.get_secret_value(SecretId='shop/api', VersionStage='BLUE')['SecretString'])
    except client.exceptions.ResourceNotFoundException as error:
        print('BLUE is', error.response['Error']['Code'])
PY

seen=$(python/bin/python labels.py)
expected="after a version with the labels AWSCURRENT and BLUE: ['AWSCURRENT', 'AWSPREVIOUS', 'BLUE']
BLUE is two
after the next version, with default labels: ['AWSCURRENT', 'AWSPREVIOUS']
BLUE is ResourceNotFoundException"

echo 'moto 5.2.2, by boto3 1.44.8:'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
