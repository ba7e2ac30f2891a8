import base64, hashlib, hmac, json, os, time

secrets = [secret.strip().encode() for secret in os.environ["GATEWAY_HMAC_SECRET"].split(",")]
if any(len(secret) < 32 for secret in secrets):
    raise RuntimeError("GATEWAY_HMAC_SECRET (32 bytes or more) must be as in the gateway")


def verify_caller(method, url, headers, body):
    """Returns the caller's claims. url: as the gateway calls it, with its query; body: the raw bytes."""
    target, _, query = url.partition("?")
    signed, _, signature = headers["x-gateway-assertion"].rpartition(".")
    macs = [hmac.new(secret, signed.encode(), hashlib.sha256).digest() for secret in secrets]
    expected = [base64.urlsafe_b64encode(mac).rstrip(b"=") for mac in macs]
    if not any([hmac.compare_digest(one, signature.encode()) for one in expected]):
        raise PermissionError("The assertion is not signed by the gateway.")
    header, claims = (json.loads(decode(part)) for part in signed.split("."))
    if (
        header["alg"] != "HS256"
        or claims["iss"] != os.environ["PUBLIC_URL"]
        or claims["aud"] != target
        or claims["htm"] != method
        or claims["htu"] != target
        or claims.get("query_sha256") != (sha256(query.encode()) if query else None)
        or not claims["iat"] - 5 <= time.time() < claims["exp"] + 5
        or claims["body_sha256"] != sha256(body)
    ):
        raise PermissionError("The assertion is for another call.")
    return claims


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
