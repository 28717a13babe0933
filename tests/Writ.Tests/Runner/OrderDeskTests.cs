using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Writ.Contracts.Runners;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Runner;
using Writ.Runner.Orders;
using Writ.Runner.Runners;
using Writ.Runner.Runs;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Runner;

public sealed class OrderDeskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-desk-").FullName;
    private readonly List<FromRunner> _told = [];

    [Fact]
    public void Take_order_that_the_server_sends_again_is_one_run()
    {
        var time = new FakeTimeProvider(UnixMicroseconds.ToInstant(Now));
        var data = new DataFolder(_folder);
        var config = Read(data);
        var inventory = new InventoryReader(config, data.Roots, [], _ => { });
        using var journal = new Journal(data.Journal, time);
        using var nonces = new NonceStore(data.Nonces, Now);
        using var book = new RunBook(data, journal, time, () => { }, new(OrderSampleRunner, SigningKeys.NewSeed()));
        var identity = new RunnerIdentity(OrderSampleRunner, "staging-1", [Convert.ToHexString(SigningKeys.PublicKey(Seed))]);
        var desk = new OrderDesk(config, () => identity, inventory, nonces, book, new((_, _, _) => throw new IOException("no files here"), time), null, null, journal, time, () => null, _told.Add);
        desk.HearClock(Now);

        var order = Order(Asked with { Inventory = inventory.Current.Digest() });
        var run = book.TryAdd(new RunSpec
        {
            Run = order.Run, BootId = "", Argv = order.Argv, ToolPath = "", ToolSha256 = "", Root = "", StartBy = 0, Deadline = 0, DeadlineBoot = 0, MaxDisconnected = 0, HeardBoot = 0,
        }, order.Nonce).ShouldNotBeNull();

        // While it is being started there is nothing to say yet; afterwards it is what was said before.
        desk.Take(Signed(order));
        _told.ShouldBeEmpty();
        run.Starting = false;
        desk.Take(Signed(order));
        _told.ShouldHaveSingleItem().Accepted.Run.ShouldBe(order.Run);

        // Another order for the same run is another matter.
        _told.Clear();
        desk.Take(Signed(order with { Nonce = new('f', 64) }));
        _told.ShouldHaveSingleItem().Refused.Code.ShouldBe(ErrorCode.UnknownTool, "it is looked at as a new one, and this runner has no tools");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string OrderSampleRunner = Proof.Orders.OrderSamples.Runner;

    private static RunnerConfig Read(DataFolder data)
    {
        File.WriteAllText(data.Config, """{ "server": "https://127.0.0.1:1", "ceiling": { "addresses": ["10.20.0.0/16", "2001:db8:20::/48"], "tcp": "0-65535", "udp": "0-65535", "icmp": true }, "fence": "none", "tools": [] }""");
        return RunnerConfig.Read(data.Config);
    }

    private static Order Signed(RunOrder order)
    {
        var signed = SigningKeys.Sign(Seed, order.ToBytes());
        return new() { Bytes = ByteString.CopyFrom(signed.Bytes), Signature = ByteString.CopyFrom(signed.Signature), KeyId = signed.KeyId };
    }
}
