import hashlib, os, time
import jwt  # PyJWT with the "crypto" extra

key_set = jwt.PyJWKClient(os.environ["PUBLIC_URL"] + "/.well-known/jwks.json")


def verify_caller(method, url, headers, body):
    """Returns the caller's claims. url: as the gateway calls it, with its query; body: the raw bytes."""
    target, _, query = url.partition("?")
    token = headers["x-gateway-assertion"]
    claims = jwt.decode(
        token,
        key_set.get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "EdDSA"],
        issuer=os.environ["PUBLIC_URL"],
        audience=target,
        leeway=5,
        options={"require": ["exp", "iat", "jti", "tool", "htm", "htu", "body_sha256"]},
    )
    if (
        claims["iat"] < time.time() - 65
        or claims["htm"] != method
        or claims["htu"] != target
        or claims.get("query_sha256") != (sha256(query.encode()) if query else None)
        or claims["body_sha256"] != sha256(body)
    ):
        raise PermissionError("The assertion is for another call.")
    return claims


def sha256(data):
    return hashlib.sha256(data).hexdigest()
