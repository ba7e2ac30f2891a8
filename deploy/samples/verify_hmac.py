import base64, hashlib, hmac, json, os, time

secrets = [secret.strip().encode() for secret in os.environ["GATEWAY_HMAC_SECRET"].split(",")]
if any(len(secret) < 32 for secret in secrets):
    raise RuntimeError("GATEWAY_HMAC_SECRET is too short")


def verify_caller(headers, body, url):
    """Returns the caller's claims. body: the raw bytes; url: this backend's URL as the gateway calls it."""
    signed, _, signature = headers["x-gateway-assertion"].rpartition(".")
    macs = [hmac.new(secret, signed.encode(), hashlib.sha256).digest() for secret in secrets]
    expected = [base64.urlsafe_b64encode(mac).rstrip(b"=") for mac in macs]
    if not any([hmac.compare_digest(one, signature.encode()) for one in expected]):
        raise PermissionError("The assertion is not signed by the gateway.")
    header, claims = (json.loads(decode(part)) for part in signed.split("."))
    if (
        header["alg"] != "HS256"
        or claims["iss"] != os.environ["PUBLIC_URL"]
        or claims["aud"] != url
        or not claims["iat"] - 5 <= time.time() < claims["exp"] + 5
        or claims["body_sha256"] != hashlib.sha256(body).hexdigest()
    ):
        raise PermissionError("The assertion is for another call.")
    return claims


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
