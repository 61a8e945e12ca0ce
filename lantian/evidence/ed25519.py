"""Whether an Ed25519 signature holds (RFC 8032, 5.1.7).

In plain Python, some 10 ms each, where there is nothing but the standard library. It only checks:
no secret passes through it.
"""

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_LENGTH = 32

Point = tuple[int, int, int, int]
"""X, Y, Z and T = XY/Z: extended coordinates."""
_NOTHING: Point = (0, 1, 1, 0)


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over `message` was made with the private half of `public`."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return holds_in_python(public, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def holds_in_python(public: bytes, message: bytes, signature: bytes) -> bool:
    """The same, without any library."""
    if len(public) != _LENGTH or len(signature) != 2 * _LENGTH:
        return False
    key, commitment = _point(public), _point(signature[:_LENGTH])
    factor = int.from_bytes(signature[_LENGTH:], "little")
    if key is None or commitment is None or factor >= _ORDER:
        return False
    hashed = hashlib.sha512(signature[:_LENGTH] + public + message).digest()
    times = int.from_bytes(hashed, "little") % _ORDER
    return _same(_multiplied(factor, _BASE), _sum(commitment, _multiplied(times, key)))


def _sum(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiplied(times: int, point: Point) -> Point:
    found = _NOTHING
    while times:
        if times & 1:
            found = _sum(found, point)
        point = _sum(point, point)
        times >>= 1
    return found


def _same(one: Point, other: Point) -> bool:
    across = (one[0] * other[2] - other[0] * one[2]) % _P
    up = (one[1] * other[2] - other[1] * one[2]) % _P
    return across == up == 0


def _point(data: bytes) -> Point | None:
    """The point that 32 bytes spell; none if they spell none (5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _base() -> Point:
    found = _point((4 * pow(5, -1, _P) % _P).to_bytes(_LENGTH, "little"))
    assert found is not None  # noqa: S101  (RFC 8032, 5.1)
    return found


_BASE = _base()
