using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Notices;

namespace Writ.Tests.Cli;

/// <summary><c>writ notices</c>: what is not named stays as it is.</summary>
public class NoticesVerbTests
{
    private static readonly DateTimeOffset Until = new(2026, 8, 31, 8, 0, 0, TimeSpan.Zero);
    private static readonly NoticeSettingsView Before = new(true, "dana@example.com", "provider", null, "22:00-07:00", "Europe/Berlin", "sam", Until, ["sam is not told by mail"], ["mail", "push"]);

    [Theory]
    [InlineData("--mail off", false, "22:00-07:00", "Europe/Berlin", "sam")]
    [InlineData("--quiet none", true, null, null, "sam")]
    [InlineData("--quiet 23:00-06:00", true, "23:00-06:00", "Europe/Berlin", "sam")]
    [InlineData("--zone UTC", true, "22:00-07:00", "UTC", "sam")]
    [InlineData("--stand-in none", true, "22:00-07:00", "Europe/Berlin", null)]
    [InlineData("--stand-in bob --until 2026-08-31T08:00Z", true, "22:00-07:00", "Europe/Berlin", "bob")]
    public async Task Set_changes_what_is_named_alone(string options, bool mail, string? quiet, string? zone, string? standIn)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/me/notices", Before, WritJson.Default.NoticeSettingsView);
        server.Json("PUT /v1/me/notices", Before, WritJson.Default.NoticeSettingsView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(["notices", "set", .. options.Split(' ')])).ShouldBe(0);
        JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.NoticeSettingsAsk).ShouldBe(new(mail, quiet, zone, standIn, standIn is null ? null : Until));
        foreach (var part in (string[])["dana@example.com, by the provider that you sign in with", "22:00-07:00 Europe/Berlin", "sam until ", "mail and push", "sam is not told by mail"])
            typed.Output.ShouldContain(part);
    }

    [Theory]
    [InlineData("notices set")]
    [InlineData("notices set --mail perhaps")]
    [InlineData("notices set --stand-in sam")]
    [InlineData("notices set --stand-in sam --until tomorrow")]
    public async Task Set_of_nothing_or_nonsense_is_a_usage_error(string line)
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("GET /v1/me/notices", Before, WritJson.Default.NoticeSettingsView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(line.Split(' '))).ShouldBe(2);
        server.Calls.ShouldAllBe(call => call.Method == "GET");
    }
}
