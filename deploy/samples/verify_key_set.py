import hashlib, os, time
import jwt  # PyJWT with the "crypto" extra

key_set = jwt.PyJWKClient(os.environ["PUBLIC_URL"] + "/.well-known/jwks.json")


def verify_caller(headers, body, url):
    """Returns the caller's claims. body: the raw bytes; url: this backend's URL as the gateway calls it."""
    token = headers["x-gateway-assertion"]
    claims = jwt.decode(
        token,
        key_set.get_signing_key_from_jwt(token).key,
        algorithms=["ES256", "EdDSA"],
        issuer=os.environ["PUBLIC_URL"],
        audience=url,
        leeway=5,
        options={"require": ["exp", "iat", "jti", "tool", "body_sha256"]},
    )
    if claims["iat"] < time.time() - 65 or claims["body_sha256"] != hashlib.sha256(body).hexdigest():
        raise PermissionError("The assertion is for another call.")
    return claims
