using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>Tokens as a client gets them.</summary>
internal sealed record ClientTokens(string Access, string Refresh);

/// <summary>Somebody with an account of the server, a browser, and <c>writ</c>.</summary>
internal sealed class Person(World world, string name) : IDisposable
{
    public const string Password = "four words nobody joins";
    private const string Redirect = "http://127.0.0.1:50123/callback";
    private byte[] _totp = [];

    public Visitor Browser { get; } = new(world);

    public string Name => name;

    /// <summary>The account's actor.</summary>
    public ActorId Id { get; private set; }

    /// <summary>Makes the person on the box; they open the link and are signed in.</summary>
    public static async Task<Person> Arrive(World world, string name, bool admin = false)
    {
        var person = new Person(world, name);
        var actor = (await world.Writes.Commit<Writ.Server.Storage.ActorRow>(scope =>
        {
            var made = new Writ.Server.Storage.ActorRow { Id = ActorId.New(scope.Now), Kind = ActorKind.User, Name = name, Groups = ["engineering"], IsAdmin = admin, CreatedAt = scope.Now };
            scope.Db.Actors.Add(made);
            CreateToken.RecordChange(scope, made);
            return Task.FromResult<Result<Writ.Server.Storage.ActorRow>>(made);
        })).ShouldBeOk();
        person.Id = actor.Id;
        (await person.SetUp(await person.Link())).ShouldBe(HttpStatusCode.Redirect).Location!.ToString().ShouldBe("/account");
        return person;
    }

    /// <summary>A new one-time code, as the operator makes one.</summary>
    public async Task<string> Link() => (await world.Writes.Commit<string>(async scope =>
        await SetUpLinks.Create(scope, await scope.Db.Actors.SingleAsync(row => row.Id == Id), new(null, "operator on the box")))).ShouldBeOk();

    /// <summary>Opens a one-time link and fills everything in.</summary>
    public async Task<Answer> SetUp(string code, string password = Password)
    {
        var offered = (await Browser.Fill(await Browser.Get("/setup"), "/setup", ("code", code))).ShouldBe(HttpStatusCode.OK);
        var key = Regex.Match(offered.Body, "<code class=\"key\">([A-Z2-7 ]+)</code>").Groups[1].Value;
        _totp = FromBase32(key.Replace(" ", "", StringComparison.Ordinal));
        return await Browser.Fill(offered, "/setup/finish", ("name", name), ("password", password), ("totp", Code()));
    }

    /// <summary>What the app shows now.</summary>
    public string Code() => Totp.Code(_totp, Totp.StepOf(world.Clock.GetUtcNow()));

    /// <summary>Signs in with this browser; the app's next code is waited for, since the one of before is spent.</summary>
    public async Task<Answer> SignIn(string password = Password, string? code = null, string to = "/account")
    {
        world.Clock.Advance(TimeSpan.FromSeconds(60));
        var page = await Browser.Get($"/signin?again=1&return={Uri.EscapeDataString(to)}");
        return await Browser.Fill(page, "/signin", ("name", name), ("password", password), ("code", code ?? Code()));
    }

    /// <summary>Where <c>writ login</c> sends the browser.</summary>
    public static string AuthorizePath(string challenge, params (string Name, string Value)[] more) => "/connect/authorize?" + string.Join('&', new (string Name, string Value)[]
    {
        ("client_id", "writ-cli"), ("response_type", "code"), ("redirect_uri", Redirect), ("scope", "openid offline_access writ"), ("state", "s1"),
        ("code_challenge", challenge), ("code_challenge_method", "S256"),
    }.Where(field => !more.Any(other => other.Name == field.Name)).Concat(more).Where(field => field.Value.Length > 0).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"));

    /// <summary>Lets <c>writ</c> in; the code with which it goes on.</summary>
    public async Task<(string Code, string Verifier)> Allow(params (string Name, string Value)[] more)
    {
        var verifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var asked = (await Browser.Get(AuthorizePath(Challenge(verifier), more))).ShouldBe(HttpStatusCode.OK);
        var allowed = (await Browser.Fill(asked, "/connect/authorize", ("decision", "allow"))).ShouldBe(HttpStatusCode.Redirect);
        allowed.Location!.ToString().ShouldStartWith(Redirect + "?");
        return (Query(allowed.Location, "code"), verifier);
    }

    /// <summary>The whole of <c>writ login</c>.</summary>
    public async Task<ClientTokens> Login()
    {
        var (code, verifier) = await Allow();
        return Tokens((await Exchange(code, verifier)).ShouldBe(HttpStatusCode.OK));
    }

    public Task<Answer> Exchange(string code, string verifier, string redirect = Redirect) => Client("/connect/token",
        ("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier), ("redirect_uri", redirect), ("client_id", "writ-cli"));

    public Task<Answer> Refresh(string token) => Client("/connect/token", ("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "writ-cli"));

    /// <summary>A call of <c>writ</c>, which has no cookies.</summary>
    public async Task<Answer> Client(string path, params (string Name, string Value)[] fields)
    {
        using var client = new Visitor(world);
        return await client.Post(path, fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
    }

    /// <summary>A call of <c>/v1/whoami</c> with a token.</summary>
    public async Task<Answer> WhoAmI(string token)
    {
        using var client = new Visitor(world);
        return await client.Get("/v1/whoami", token);
    }

    public static ClientTokens Tokens(Answer answer) => new(answer.Json["access_token"]!.GetValue<string>(), answer.Json["refresh_token"]!.GetValue<string>());

    public static string Challenge(string verifier) => Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    public static string Query(Uri uri, string name)
    {
        var query = (uri.IsAbsoluteUri ? uri.Query : uri.ToString()[(uri.ToString().IndexOf('?', StringComparison.Ordinal) + 1)..]).TrimStart('?');
        return query.Split('&').Select(part => part.Split('=', 2)).Where(part => part[0] == name).Select(part => Uri.UnescapeDataString(part[1].Replace('+', ' '))).FirstOrDefault() ?? "";
    }

    public void Dispose() => Browser.Dispose();

    public static byte[] FromBase32(string text)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bits = string.Concat(text.Select(letter => Convert.ToString(alphabet.IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }
}
