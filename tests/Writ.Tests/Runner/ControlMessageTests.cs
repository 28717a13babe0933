using Writ.Runner.Runs;

namespace Writ.Tests.Runner;

public sealed class ControlMessageTests
{
    [Fact]
    public void Read_gives_what_was_written()
    {
        ControlMessage.Read(ControlMessage.Contact).Verb.ShouldBe("contact");
        ControlMessage.Read(ControlMessage.Ack(77)).ShouldBe(new("ack", 77, 0, ""));
        ControlMessage.Read(ControlMessage.Extend(5, 6)).ShouldBe(new("extend", 5, 6, ""));
        ControlMessage.Read(ControlMessage.Kill(Cause.LocalKill, "wrong host\nreally")).ShouldBe(new("kill", (long)Cause.LocalKill, 0, "wrong host really"));
        ControlMessage.Read(ControlMessage.Kill(Cause.KillOrder, "")).Text.ShouldBe("");
        ControlMessage.Read(ControlMessage.Resize(120, 40)).ShouldBe(new("resize", 120, 40, ""));
        ControlMessage.Read(ControlMessage.Typed(9)).ShouldBe(new("typed", 9, 0, ""));
        byte[] typed = [0, 3, 27, 32, 255];
        var read = ControlMessage.Read(ControlMessage.Type(7, typed));
        (read.Verb, read.First).ShouldBe(("type", 7));
        read.Bytes.ShouldBe(typed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ack")]
    [InlineData("ack -1")]
    [InlineData("extend 5")]
    [InlineData("kill")]
    [InlineData("kill Exited x")]
    [InlineData("kill Deadline")]
    [InlineData("nonsense 1 2")]
    [InlineData("type 5")]
    [InlineData("type 5 ???")]
    [InlineData("type -5 AA==")]
    [InlineData("resize 80")]
    public void Read_malformed_message_has_no_verb(string text) => ControlMessage.Read(text).ShouldBe(default);
}
