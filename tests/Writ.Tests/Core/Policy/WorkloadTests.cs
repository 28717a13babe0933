using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

/// <summary>Workloads in the policy file, and whose subjects a pattern means.</summary>
public class WorkloadTests
{
    internal const string Key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3MicyLy0VLdeO+CZqa8Q98o6ZxSfohC9KSwUB9wmyNFZ7y0930vKyhEUkURQkYw+dU8eHH94Mv4Drd6Ab7KAXw==";

    private const string Text = $$"""
        version: 1
        roles: { nightly: { workloads: [ci, box] } }
        workloads:
          ci:
            issuer: https://gitlab.example.com
            audience: https://writ.example.com
            subject: "project_path:infra/*:ref_type:branch:ref:main"
            claims: { ref_protected: "true", environment: [prod, stage] }
            on-behalf-of: { claim: user_id, issuer: https://login.example.com }
            max-sign-in: 2h
          box:
            key: {{Key}}
            owner: dana
        """;

    [Fact]
    public void Parse_workloads_gives_what_stands_there()
    {
        var parse = PolicyDocument.Parse(Text, "p.yaml");
        parse.Problems.ShouldBeEmpty();
        var ci = parse.Policy!.Workloads["ci"];
        ci.MaxSignIn.ShouldBe(TimeSpan.FromHours(2));
        ci.Key.ShouldBeNull();
        ci.Token!.Issuer.ShouldBe("https://gitlab.example.com");
        ci.Token.Audience.ShouldBe("https://writ.example.com");
        ci.Token.Claims["environment"].ShouldBe(["prod", "stage"]);
        ci.Token.Person.ShouldBe(new PersonClaim("user_id", "https://login.example.com"));
        ci.Token.Keys.ShouldBeEmpty();
        var box = parse.Policy.Workloads["box"];
        (box.Token, box.Owner, box.MaxSignIn).ShouldBe((null, "dana", TimeSpan.FromHours(1)));
        box.Key.ShouldBe(Convert.FromBase64String(Key));
    }

    [Theory]
    [InlineData("issuer: https://gitlab.example.com", "issuer: http://gitlab.example.com", 5, "is no address of https")]
    [InlineData("issuer: https://gitlab.example.com", "issuer: https://user@gitlab.example.com", 5, "is no address of https")]
    [InlineData("issuer: https://gitlab.example.com", "isuer: https://gitlab.example.com", 5, "has no key 'isuer'")]
    [InlineData("    audience: https://writ.example.com\n", "", 5, "has no 'audience'")]
    [InlineData("\"project_path:infra/*:ref_type:branch:ref:main\"", "\"*\"", 7, "would fit others too")]
    [InlineData("\"project_path:infra/*:ref_type:branch:ref:main\"", "\"repo:**\"", 7, "would fit others too")]
    [InlineData("ref_protected: \"true\"", "sub: x", 8, "checked in any case")]
    [InlineData("ref_protected: \"true\"", "x: { a: b }", 8, "must be a text or a list of texts")]
    [InlineData("{ claim: user_id, issuer: https://login.example.com }", "{ issuer: https://login.example.com }", 9, "has no 'claim'")]
    [InlineData("max-sign-in: 2h", "max-sign-in: 25h", 10, "is no duration up to")]
    [InlineData("    key: MF", "    key: XF", 12, "has a public key that cannot be used")]
    [InlineData("    owner: dana", "    subject: x", 13, "has a 'key' and 'subject'")]
    [InlineData("  box:", "  b/x:", 11, "'b/x' is no name for a workload")]
    public void Parse_wrong_workload_is_refused_with_its_line(string right, string wrong, int line, string message)
    {
        Text.ShouldContain(right);
        var parse = PolicyDocument.Parse(Text.Replace(right, wrong, StringComparison.Ordinal), "p.yaml");
        parse.Policy.ShouldBeNull();
        parse.Problems.ShouldContain(problem => problem.Message.Contains(message, StringComparison.Ordinal) && problem.Line == line, string.Join('\n', parse.Problems));
    }

    [Fact]
    public void Warnings_name_workloads_without_role_or_owner()
    {
        PolicyWarnings.Of(PolicyDocument.Parse(Text, "p").Policy!, null).ShouldNotContain(warning => warning.Message.Contains("workload", StringComparison.Ordinal));
        var warned = PolicyWarnings.Of(PolicyDocument.Parse(Text.Replace("[ci, box]", "[ci]", StringComparison.Ordinal).Replace("    owner: dana", "", StringComparison.Ordinal), "p").Policy!, null);
        warned.ShouldContain(warning => warning.Message == "no role names workload 'box'");
        warned.ShouldContain(warning => warning.Message == "nobody answers for workload 'box'");
    }

    [Theory]
    [InlineData("repo:acme/scans:ref:refs/heads/main", "repo:acme/scans:ref:refs/heads/main", true)]
    [InlineData("repo:acme/scans:ref:refs/heads/main", "repo:acme/scans:ref:refs/heads/main2", false)]
    [InlineData("repo:acme/scans:ref:refs/heads/main", "repo:acme/scans:ref:refs/heads/mai", false)]
    [InlineData("repo:acme/*:ref:refs/heads/main", "repo:acme/scans:ref:refs/heads/main", true)]
    [InlineData("repo:acme/*:ref:refs/heads/main", "repo:acme/a:x:ref:refs/heads/main", false)]
    [InlineData("repo:acme/*:ref:refs/heads/main", "repo:acme/:ref:refs/heads/main", false)]
    [InlineData("repo:acme/scans:*", "repo:acme/scans:ref:refs/heads/evil", false)]
    [InlineData("repo:acme/scans:*", "repo:acme/scans:pull_request", true)]
    [InlineData("spiffe://example.com/ns/*/sa/scan-*", "spiffe://example.com/ns/prod/sa/scan-a", true)]
    [InlineData("spiffe://example.com/ns/*/sa/scan-*", "spiffe://example.com/ns/prod/sa/scan-a/b", false)]
    [InlineData("a*a*a", "aaaaa", true)]
    [InlineData("a*a*a", "aaa", false)]
    [InlineData("Repo:x", "repo:x", false)]
    public void Fits_only_within_its_parts(string pattern, string subject, bool fits) => SubjectPattern.Parse(pattern)!.Fits(subject).ShouldBe(fits);

    [Fact]
    public void Fits_is_quick_whatever_the_subject()
    {
        var pattern = SubjectPattern.Parse("a" + string.Concat(Enumerable.Repeat("*a", 40)) + "b")!;
        var begun = TimeProvider.System.GetTimestamp();
        pattern.Fits(new string('a', 1024)).ShouldBeFalse();
        TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        SubjectPattern.Parse("a")!.Fits(new string('a', 1025)).ShouldBeFalse();
    }
}
