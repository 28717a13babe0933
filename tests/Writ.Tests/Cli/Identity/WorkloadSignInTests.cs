using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Writ.Tests.Cli.Identity;

/// <summary>A process that signs in by what it has.</summary>
public sealed class WorkloadSignInTests : IDisposable
{
    private const string Jwt = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl";
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-workload-").FullName;

    [Fact]
    public async Task Jwt_of_the_surroundings_is_exchanged_once_and_never_shown()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var file = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(file, Jwt + "\n", TestContext.Current.CancellationToken);
        for (var call = 0; call < 2; call++)
        {
            using var typed = signIn.Terminal().With("WRIT_ID_TOKEN_FILE", file).With("WRIT_WORKLOAD", "ci-nightly");
            (await typed.RunAsync("whoami")).ShouldBe(0);
            typed.Output.ShouldContain("ci-nightly");
            (typed.Output + typed.Error).ShouldNotContain(Jwt);
        }

        var form = signIn.Asked.Single();
        form["grant_type"].ToString().ShouldBe("urn:ietf:params:oauth:grant-type:token-exchange");
        form["subject_token"].ToString().ShouldBe(Jwt);
        form["subject_token_type"].ToString().ShouldBe("urn:ietf:params:oauth:token-type:jwt");
        form["workload"].ToString().ShouldBe("ci-nightly");
        // A person's calls on the same computer do not go out as the workload.
        using var person = signIn.Terminal();
        (await person.RunAsync("whoami")).ShouldBe(4);
    }

    [Fact]
    public async Task Workload_in_a_wait_is_renewed_without_another_exchange()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        using (var first = signIn.Terminal().With("WRIT_ID_TOKEN", Jwt))
            (await first.RunAsync("whoami")).ShouldBe(0);
        signIn.EndAccess();
        using var later = signIn.Terminal().With("WRIT_ID_TOKEN", Jwt);
        (await later.RunAsync("whoami")).ShouldBe(0);
        signIn.Asked.Select(form => form["grant_type"].ToString().Split(':')[^1]).ShouldBe(["token-exchange", "refresh_token"]);
    }

    [Fact]
    public async Task Workload_that_the_server_does_not_take_is_told_why()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        signIn.Server.On("POST /connect/token", context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("{\"error\":\"invalid_grant\",\"error_description\":\"the token's subject fits no workload\"}");
        });
        using var typed = signIn.Terminal().With("WRIT_ID_TOKEN", Jwt);
        (await typed.RunAsync("whoami")).ShouldBe(4);
        typed.Error.ShouldStartWith("writ: the server does not take this workload: the token's subject fits no workload\nhint: ");
        typed.Error.ShouldNotContain(Jwt);
    }

    [Fact]
    public async Task Key_pair_signs_an_assertion_of_a_minute_for_this_issuer_alone()
    {
        await using var signIn = await FakeSignIn.StartAsync();
        var file = Path.Combine(_folder, "scanner.key");
        using (var made = signIn.Terminal())
        {
            (await made.RunAsync("workload", "key", file)).ShouldBe(0);
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var key = made.Output.Trim();
            using var again = signIn.Terminal();
            (await again.RunAsync("workload", "key", file)).ShouldBe(1);
            using var typed = signIn.Terminal().With("WRIT_WORKLOAD_KEY_FILE", file).With("WRIT_WORKLOAD", "ci-nightly");
            (await typed.RunAsync("login")).ShouldBe(0);
            typed.Output.ShouldEndWith(" as ci-nightly\n");

            var form = signIn.Asked.Single();
            form["grant_type"].ToString().ShouldBe("client_credentials");
            var parts = form["client_assertion"].ToString().Split('.');
            using var verifier = ECDsa.Create();
            verifier.ImportSubjectPublicKeyInfo(Convert.FromBase64String(key), out _);
            verifier.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256).ShouldBeTrue();
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
            header.RootElement.GetProperty("typ").GetString().ShouldBe("client-authentication+jwt");
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            claims.RootElement.GetProperty("aud").GetString().ShouldBe(signIn.Server.Address + "/");
            (claims.RootElement.GetProperty("exp").GetInt64() - claims.RootElement.GetProperty("iat").GetInt64()).ShouldBe(60);
            claims.RootElement.GetProperty("jti").GetString()!.Length.ShouldBeGreaterThan(20);
        }
    }

    [Theory]
    [InlineData("writ: WRIT_ID_TOKEN holds no JWT", "WRIT_ID_TOKEN", "not a jwt")]
    [InlineData("writ: WRIT_ID_TOKEN_FILE: /nonexistent cannot be read", "WRIT_ID_TOKEN_FILE", "/nonexistent")]
    [InlineData("writ: WRIT_WORKLOAD_KEY_FILE is set, and WRIT_WORKLOAD is not", "WRIT_WORKLOAD_KEY_FILE", "/nonexistent")]
    [InlineData("writ: WRIT_ID_TOKEN_FILE and WRIT_ID_TOKEN are both set", "WRIT_ID_TOKEN_FILE", "/x", "WRIT_ID_TOKEN", "x")]
    public async Task What_cannot_be_used_is_told_and_nothing_is_asked(string told, params string[] variables)
    {
        await using var signIn = await FakeSignIn.StartAsync();
        using var typed = signIn.Terminal();
        foreach (var pair in variables.Chunk(2))
            typed.With(pair[0], pair[1]);
        (await typed.RunAsync("whoami")).ShouldBeOneOf(2, 4);
        typed.Error.ShouldStartWith(told + "\n");
        signIn.Asked.ShouldBeEmpty();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
