using System.Text;
using Writ.Cli.Output;

namespace Writ.Tests.Cli.Output;

public class ColumnsTests
{
    private static string[] Printed(int width)
    {
        var output = new MemoryStream();
        var columns = new Columns(new Terminal(output, Stream.Null, Stream.Null) { Width = width }, "id", "state", "command");
        columns.Row("req_01m8cc59nbfcqvr8e05vsr53n6", "pending", "nmap -p 22 \e[31m10.20.0.5 10.20.0.6 10.20.0.7");
        columns.Row("req_01m8cc59nbfcqvr8e05vsr53n7", null, "nmap");
        columns.Print();
        return Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n');
    }

    [Fact]
    public void Print_without_a_terminal_writes_a_line_a_row() => Printed(int.MaxValue).ShouldBe(
    [
        "ID                              STATE    COMMAND",
        @"req_01m8cc59nbfcqvr8e05vsr53n6  pending  nmap -p 22 \x1b[31m10.20.0.5 10.20.0.6 10.20.0.7",
        "req_01m8cc59nbfcqvr8e05vsr53n7  -        nmap",
    ]);

    [Fact]
    public void Print_with_little_room_wraps_the_last_column()
    {
        var lines = Printed(70);
        lines.Length.ShouldBe(5);
        lines.ShouldAllBe(line => line.Length <= 70);
        lines[1].ShouldStartWith("req_01m8cc59nbfcqvr8e05vsr53n6  pending  nmap -p 22");
    }

    [Fact]
    public void Print_without_room_for_the_last_column_writes_names_and_values()
    {
        var lines = Printed(50);
        lines.ShouldAllBe(line => line.Length <= 50);
        lines[..3].ShouldBe(["id       req_01m8cc59nbfcqvr8e05vsr53n6", "state    pending", @"command  nmap -p 22 \x1b[31m10.20.0.5 10.20.0.6"]);
        lines[4..].ShouldBe(["", "id       req_01m8cc59nbfcqvr8e05vsr53n7", "state    -", "command  nmap"]);
    }
}
