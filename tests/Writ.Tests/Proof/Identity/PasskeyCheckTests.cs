using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Orders;
using static Writ.Tests.Proof.Identity.SoftAuthenticator;

namespace Writ.Tests.Proof.Identity;

public sealed class PasskeyCheckTests : IDisposable
{
    private const long At = OrderSamples.Decided;
    private static readonly string Digest = Statement.DigestOf(OrderSamples.Asked.ToBytes());
    private readonly SoftAuthenticator _passkey = new();

    public void Dispose() => _passkey.Dispose();

    private string? WhyNot(PasskeyAssertion assertion, PasskeyKey? key = null, PasskeyParty? party = null, string? digest = null)
    {
        var held = PasskeyCheck.Verify(assertion, key ?? _passkey.Key, party ?? Party, digest ?? Digest);
        if (held.IsOk)
            return null;
        held.Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        return held.Refusal.Message;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_genuine_assertion_holds_and_gives_its_count(bool rsa)
    {
        using var passkey = new SoftAuthenticator(rsa);
        passkey.Approve(Digest, At);
        var held = PasskeyCheck.Verify(passkey.Approve(Digest, At), passkey.Key, Party, Digest);
        held.Value.ShouldBe(new PasskeyHeld(2, false));
        PasskeyCheck.Verify(passkey.Approve(Digest, At, flags: Honest | 0x18), passkey.Key, Party, Digest).Value.IsBackedUp.ShouldBeTrue();
    }

    [Fact]
    public void Verify_yes_to_another_statement_nonce_or_instant_is_refused()
    {
        var yes = _passkey.Approve(Digest, At);
        WhyNot(yes).ShouldBeNull();
        var other = Statement.DigestOf((OrderSamples.Asked with { Revision = 2 }).ToBytes());
        WhyNot(yes, digest: other).ShouldNotBeNull().ShouldContain("for another challenge");
        WhyNot(yes with { Nonce = RandomNumberGenerator.GetBytes(32) }).ShouldNotBeNull().ShouldContain("for another challenge");
        WhyNot(yes with { At = At + 1 }).ShouldNotBeNull().ShouldContain("for another challenge");
    }

    [Fact]
    public void Verify_key_of_somebody_else_is_refused()
    {
        using var other = new SoftAuthenticator();
        WhyNot(_passkey.Approve(Digest, At), other.Key).ShouldNotBeNull().ShouldContain("not of the approver's key");
        using var rsa = new SoftAuthenticator(rsa: true);
        WhyNot(_passkey.Approve(Digest, At), rsa.Key).ShouldNotBeNull().ShouldContain("not of the approver's key");
    }

    [Theory]
    [InlineData(0x04, "nobody was there")]
    [InlineData(0x01, "was not verified")]
    [InlineData(0x15, "contradicts itself")]
    [InlineData(0x45, "claims to hold more")]
    [InlineData(0x85, "claims to hold more")]
    public void Verify_flags_of_no_verified_user_are_refused(byte flags, string why) => WhyNot(_passkey.Approve(Digest, At, flags: flags)).ShouldNotBeNull().ShouldContain(why);

    [Fact]
    public void Verify_signature_for_another_party_or_origin_is_refused()
    {
        WhyNot(_passkey.Approve(Digest, At, Party with { Id = "evil.example.com" })).ShouldNotBeNull().ShouldContain("not signed for writ.example.com");
        foreach (var origin in new[] { "https://writ.example.com:8443", "http://writ.example.com", "https://writ.example.com.evil.org", "https://WRIT.example.com", "https://a.writ.example.com", "https://writ.example.com/" })
            WhyNot(_passkey.Approve(Digest, At, Party with { Origin = origin })).ShouldNotBeNull(origin).ShouldContain("not signed at https://writ.example.com");
    }

    [Theory]
    [InlineData("\"type\":\"webauthn.get\"", "\"type\":\"webauthn.create\"", "kind")]
    [InlineData("\"type\":\"webauthn.get\"", "\"type\":\"payment.get\"", "kind")]
    [InlineData("\"type\":\"webauthn.get\",", "", "kind")]
    [InlineData("\"crossOrigin\":false", "\"crossOrigin\":true", "another origin")]
    [InlineData("\"crossOrigin\":false", "\"crossOrigin\":\"false\"", "another origin")]
    [InlineData("\"crossOrigin\":false", "\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\"", "another origin")]
    [InlineData("{\"type\"", "{\"type\":\"webauthn.get\",\"type\"", "no JSON")]
    [InlineData("{\"type\"", "{\"origin\":\"https://evil.example\",\"type\"", "no JSON")]
    [InlineData("{\"type\"", "[{\"type\"", "no JSON")]
    [InlineData("webauthn.get", "webauthn\\ud800.get", "no JSON")]
    [InlineData("\"challenge\":\"", "\"challenge\":\"A", "challenge")]
    public void Verify_client_data_that_says_otherwise_is_refused(string from, string to, string why)
    {
        var nonce = RandomNumberGenerator.GetBytes(32);
        var honest = ClientData("webauthn.get", PasskeyAssertion.Challenge(Digest, nonce, At), Party.Origin);
        WhyNot(_passkey.Approve(Digest, At, clientData: honest, nonce: nonce)).ShouldBeNull();
        honest.ShouldContain(from);
        WhyNot(_passkey.Approve(Digest, At, clientData: honest.Replace(from, to, StringComparison.Ordinal), nonce: nonce)).ShouldNotBeNull().ShouldContain(why);
    }

    [Fact]
    public void Verify_client_data_with_members_of_a_later_browser_holds()
    {
        var nonce = RandomNumberGenerator.GetBytes(32);
        var later = ClientData("webauthn.get", PasskeyAssertion.Challenge(Digest, nonce, At), Party.Origin).Replace("{", "{\"other_keys_can_be_added_here\":\"x\",", StringComparison.Ordinal);
        WhyNot(_passkey.Approve(Digest, At, clientData: later, nonce: nonce)).ShouldBeNull();
    }

    [Fact]
    public void Verify_any_changed_byte_is_refused()
    {
        var yes = _passkey.Approve(Digest, At);
        (string Name, byte[] Bytes, Func<byte[], PasskeyAssertion> With)[] parts =
        [
            ("authenticator data", yes.AuthenticatorData, bytes => yes with { AuthenticatorData = bytes }),
            ("client data", yes.ClientData, bytes => yes with { ClientData = bytes }),
            ("signature", yes.Signature, bytes => yes with { Signature = bytes }),
            ("nonce", yes.Nonce, bytes => yes with { Nonce = bytes }),
        ];
        foreach (var (name, bytes, with) in parts)
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                byte[] changed = [.. bytes];
                changed[at] ^= 1;
                WhyNot(with(changed)).ShouldNotBeNull($"{name} at {at}");
            }

            WhyNot(with([.. bytes, 0])).ShouldNotBeNull($"{name} and a byte");
            WhyNot(with(bytes[..^1])).ShouldNotBeNull($"{name} less a byte");
            WhyNot(with([])).ShouldNotBeNull($"no {name}");
        }
    }

    [Fact]
    public void Verify_random_bytes_are_refused_and_never_throw()
    {
        var bytes = Gen.Byte.Array[0, 200];
        Gen.Select(bytes, bytes, bytes, Gen.OneOf(Gen.Const(32), Gen.Int[0, 64]), Gen.Long).Sample((data, client, signature, nonce, at) =>
            WhyNot(new(_passkey.Credential, data, client, signature, new byte[nonce], at)) is not null, iter: PropertyCases);
    }

    private static long PropertyCases => Core.PropertyScale.Cases(2_000);

    [Fact]
    public void Verify_assertion_of_one_time_keeps_its_format()
    {
        // Made once by the authenticator of these tests; whoever reads a log of today can check it as long as this holds.
        using var first = new SoftAuthenticator();
        var made = JsonSerializer.SerializeToUtf8Bytes(new { key = first.Key.Info.ToArray(), passkey = Written(first.Approve(Digest, At)) });
        using var golden = JsonDocument.Parse(EncodingTests.Golden("passkey-v1", made));
        PasskeyKey.TryRead(golden.RootElement.GetProperty("key").GetBytesFromBase64(), out var key).ShouldBeTrue();
        var read = PasskeyAssertion.Read(golden.RootElement.GetProperty("passkey")).Value;
        WhyNot(read, key).ShouldBeNull();
    }

    [Fact]
    public void Challenge_is_what_the_documents_say()
    {
        var nonce = Enumerable.Repeat((byte)7, 32).ToArray();
        byte[] bytes =
        [
            0, 0, 0, 16, .. "writ-approval/v1"u8, 0, 0, 0, 32, .. Convert.FromHexString(Digest), 0, 0, 0, 32, .. nonce, 0, 0, 0, 8, .. BitConverter.GetBytes(At).Reverse(),
        ];
        PasskeyAssertion.Challenge(Digest, nonce, At).ShouldBe(SHA256.HashData(bytes));
        Should.Throw<FormatException>(() => PasskeyAssertion.Challenge("abcd", nonce, At));
    }

    [Fact]
    public void TryRead_other_keys_are_none()
    {
        PasskeyKey.TryRead(_passkey.Key.Info, out var again).ShouldBeTrue();
        again.Info.ToArray().ShouldBe(_passkey.Key.Info.ToArray());
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var small = RSA.Create(1_024);
        byte[] offCurve = [.. _passkey.Key.Info];
        offCurve[^1] ^= 1;
        byte[] rsa;
        using (var other = new SoftAuthenticator(rsa: true))
            rsa = other.Key.Info.ToArray();
        foreach (var info in (byte[][])[[], [1, 2, 3], p384.ExportSubjectPublicKeyInfo(), small.ExportSubjectPublicKeyInfo(), offCurve, [.. _passkey.Key.Info, 0], [.. rsa, 0], new byte[5_000]])
            PasskeyKey.TryRead(info, out _).ShouldBeFalse(Convert.ToHexString(info));
    }

    [Theory]
    [InlineData("https://writ.example.com", true)]
    [InlineData("https://writ.example.com:8443", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://writ.example.com", false)]
    [InlineData("https://10.0.0.1", false)]
    [InlineData("https://user@writ.example.com", false)]
    public void IsValid_is_of_origins_where_passkeys_work(string origin, bool valid) => PasskeyParty.Of(new(origin)).IsValid().ShouldBe(valid);

    private static JsonObject Written(PasskeyAssertion assertion) => new()
    {
        ["credential"] = Convert.ToBase64String(assertion.Credential), ["authenticator_data"] = Convert.ToBase64String(assertion.AuthenticatorData),
        ["client_data"] = Convert.ToBase64String(assertion.ClientData), ["signature"] = Convert.ToBase64String(assertion.Signature),
        ["nonce"] = Convert.ToBase64String(assertion.Nonce), ["at"] = assertion.At,
    };
}
