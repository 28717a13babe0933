using System.IO.Pipelines;
using System.Threading.Channels;
using Writ.Cli.Runs;
using Writ.Contracts.Runs;

namespace Writ.Tests.Cli.Runs;

public sealed class KeyboardTests
{
    private readonly Pipe _typed = new(new PipeOptions(pauseWriterThreshold: 0));
    private int _interrupts;
    private readonly TaskCompletionSource _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Keyboard Start()
    {
        var keyboard = new Keyboard(_typed.Reader.AsStream(), () => (80, 24), () =>
        {
            _interrupts++;
            _interrupted.TrySetResult();
        });
        keyboard.Start();
        return keyboard;
    }

    private sealed class Connection : IAsyncDisposable
    {
        private readonly Channel<AttachMessage> _sent = Channel.CreateUnbounded<AttachMessage>();
        private readonly CancellationTokenSource _over = new();
        private readonly Task _sending;

        public Connection(Keyboard keyboard) => _sending = keyboard.SendAsync(message => _sent.Writer.WriteAsync(message).AsTask(), _over.Token);

        public async Task<AttachMessage> Next() => await _sent.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

        /// <summary>What is typed, from the first offset on, until there are so many bytes of it.</summary>
        public async Task<(long From, byte[] Bytes)> Typed(int count)
        {
            var (from, bytes) = (-1L, new List<byte>());
            while (bytes.Count < count)
            {
                var message = await Next();
                if (message.Type != "type")
                    continue;
                from = from < 0 ? message.Offset : from;
                message.Offset.ShouldBe(from + bytes.Count);
                message.Bytes!.Length.ShouldBeLessThanOrEqualTo(TypedInput.PieceBytes);
                bytes.AddRange(message.Bytes);
            }

            return (from, [.. bytes]);
        }

        public bool HasMore => _sent.Reader.TryPeek(out _);

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _over.Dispose();
        }
    }

    [Fact]
    public async Task SendAsync_begins_with_the_size_and_sends_again_what_was_not_taken()
    {
        var keyboard = Start();
        await _typed.Writer.WriteAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        await using (var first = new Connection(keyboard))
        {
            var size = await first.Next();
            (size.Type, size.Columns, size.Rows).ShouldBe(("resize", 80, 24));
            (await first.Typed(5)).Bytes.ShouldBe("hello"u8.ToArray());
            keyboard.Taken(2);
            keyboard.Resized();
            (await first.Next()).Type.ShouldBe("resize");
        }

        await _typed.Writer.WriteAsync(" world"u8.ToArray(), TestContext.Current.CancellationToken);
        await using var second = new Connection(keyboard);
        (await second.Next()).Type.ShouldBe("resize");
        var (from, bytes) = await second.Typed(9);
        from.ShouldBe(2);
        bytes.ShouldBe("llo world"u8.ToArray());
    }

    [Fact]
    public async Task SendAsync_goes_on_only_as_the_run_takes_what_was_typed()
    {
        var keyboard = Start();
        var all = new byte[3 * TypedInput.WindowBytes];
        new Random(1).NextBytes(all);
        await _typed.Writer.WriteAsync(all, TestContext.Current.CancellationToken);
        await using var connection = new Connection(keyboard);
        var got = new List<byte>();
        while (got.Count < all.Length)
        {
            got.AddRange((await connection.Typed(TypedInput.WindowBytes)).Bytes);
            connection.HasMore.ShouldBeFalse();
            keyboard.Taken(got.Count);
        }

        got.ToArray().ShouldBe(all);
        // What nobody sent cannot have been taken.
        keyboard.Taken(long.MaxValue);
        keyboard.Taken(-1);
    }

    [Fact]
    public async Task Ctrl_C_without_a_connection_interrupts_here_and_with_one_is_the_runs()
    {
        var keyboard = Start();
        await using (var connection = new Connection(keyboard))
        {
            (await connection.Next()).Type.ShouldBe("resize");
            await _typed.Writer.WriteAsync(new byte[] { 3 }, TestContext.Current.CancellationToken);
            (await connection.Typed(1)).Bytes.ShouldBe([3]);
            _interrupts.ShouldBe(0);
            keyboard.Taken(1);
        }

        await _typed.Writer.WriteAsync(new byte[] { 3 }, TestContext.Current.CancellationToken);
        await _interrupted.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }
}
