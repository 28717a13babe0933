using Microsoft.Extensions.Time.Testing;
using Writ.Proof.Addresses;
using Writ.Runner.Fences;

namespace Writ.Tests.Runner.Fences;

public sealed class AddressPoolTests
{
    private readonly FakeTimeProvider _time = new();

    private AddressPool Pool(params string[] texts) =>
        new(AddressSet.TryParse(texts, out var set, out var wrong) ? set : throw new ArgumentException(wrong), TimeSpan.FromSeconds(10), _time);

    [Fact]
    public void Take_gives_each_address_once_and_then_none()
    {
        var pool = Pool("10.0.0.1-10.0.0.3", "fd00::1");
        new[] { 1, 2, 3, 4 }.Select(_ => pool.Take(isV4: true)?.ToString()).ShouldBe(["10.0.0.1", "10.0.0.2", "10.0.0.3", null]);
        pool.Take(isV4: false)?.ToString().ShouldBe("fd00::1");
        pool.Take(isV4: false).ShouldBeNull();
        pool.Has(isV4: false).ShouldBeTrue();
    }

    [Fact]
    public void Take_of_an_address_that_came_back_waits_for_its_rest()
    {
        var pool = Pool("10.0.0.1");
        var address = pool.Take(isV4: true)!.Value;
        pool.Return(address);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        pool.Take(isV4: true).ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(0.1));
        pool.Take(isV4: true).ShouldBe(address);
    }

    [Fact]
    public void Take_prefers_what_was_given_out_longest_ago()
    {
        var pool = Pool("10.0.0.1-10.0.0.2");
        pool.Return(pool.Take(isV4: true)!.Value);
        _time.Advance(TimeSpan.FromMinutes(1));
        pool.Take(isV4: true)?.ToString().ShouldBe("10.0.0.2");
        pool.Take(isV4: true)?.ToString().ShouldBe("10.0.0.1");
    }

    [Fact]
    public void Keep_marks_an_address_of_a_run_that_lives()
    {
        var pool = Pool("10.0.0.0/31");
        pool.Keep(Address.V4(0x0a000000));
        pool.Take(isV4: true)?.ToString().ShouldBe("10.0.0.1");
        pool.Take(isV4: true).ShouldBeNull();
    }

    [Fact]
    public void Take_without_addresses_of_the_family_is_none()
    {
        Pool("10.0.0.1").Take(isV4: false).ShouldBeNull();
        Pool("10.0.0.1").Has(isV4: false).ShouldBeFalse();
    }
}
