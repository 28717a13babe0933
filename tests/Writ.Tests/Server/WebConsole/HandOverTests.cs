using Microsoft.Extensions.Time.Testing;
using Writ.Proof.Identity;
using Writ.Server.WebConsole;

namespace Writ.Tests.Server.WebConsole;

/// <summary>What a page read is handed to the page that comes alive: once, in time, and to nobody else.</summary>
public sealed class HandOverTests
{
    private readonly FakeTimeProvider _time = new(new(2026, 3, 12, 21, 0, 0, TimeSpan.Zero));

    private TokenId Session() => TokenId.New(_time.GetUtcNow());

    [Fact]
    public void Take_is_once()
    {
        var (handed, session) = (new HandOver(_time), Session());
        var name = handed.Keep(session, "read", 7).ShouldNotBeNull();
        handed.Take(name, session).ShouldNotBeNull().ShouldSatisfyAllConditions(kept => kept.Read.ShouldBe("read"), kept => kept.Size.ShouldBe(7));
        handed.Take(name, session).ShouldBeNull();
    }

    [Fact]
    public void Take_by_another_session_is_nothing()
    {
        var handed = new HandOver(_time);
        handed.Take(handed.Keep(Session(), "read", 0)!, Session()).ShouldBeNull();
        handed.Take("", Session()).ShouldBeNull();
    }

    [Fact]
    public void Keep_is_for_a_moment_and_for_so_many()
    {
        var (handed, session) = (new HandOver(_time), Session());
        var first = handed.Keep(session, "first", 0).ShouldNotBeNull();
        for (var more = 1; more < HandOver.Most; more++)
            handed.Keep(session, "more", 0).ShouldNotBeNull();
        handed.Keep(session, "too much", 0).ShouldBeNull();
        _time.Advance(HandOver.Life);
        handed.Take(first, session).ShouldBeNull();
        handed.Keep(session, "later", 0).ShouldNotBeNull();
    }
}
