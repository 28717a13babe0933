using System.Buffers.Binary;

namespace Writ.Runner.Kernel;

/// <summary>
/// Assembles a program of the kernel's classic BPF as seccomp reads it (linux/filter.h, seccomp(2)): it loads 32-bit words of
/// struct seccomp_data, jumps forward to labels, and answers with a verdict.
/// </summary>
internal sealed class BpfProgram
{
    private const ushort Load = 0x20, Equal = 0x15, AtLeast = 0x35, AnyBit = 0x45, Answer = 0x06;
    /// <summary>BPF_MAXINSNS.</summary>
    private const int Most = 4096;
    private readonly List<(ushort Code, uint Operand, string? Label)> _instructions = [];
    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);

    /// <summary>Loads the word at this offset of struct seccomp_data.</summary>
    public BpfProgram Word(int offset) => Add(Load, (uint)offset, null);

    /// <summary>Goes to the label where the loaded word is this number, on otherwise.</summary>
    public BpfProgram WhenEqual(uint number, string label) => Add(Equal, number, label);

    /// <summary>Goes to the label where the loaded word, without a sign, is this number or greater.</summary>
    public BpfProgram WhenAtLeast(uint number, string label) => Add(AtLeast, number, label);

    /// <summary>Goes to the label where the loaded word has any of these bits.</summary>
    public BpfProgram WhenAnyOf(uint bits, string label) => Add(AnyBit, bits, label);

    /// <summary>Ends with this verdict.</summary>
    public BpfProgram Return(uint verdict) => Add(Answer, verdict, null);

    /// <summary>Names the next instruction.</summary>
    public BpfProgram Label(string name)
    {
        _labels.Add(name, _instructions.Count);
        return this;
    }

    private BpfProgram Add(ushort code, uint operand, string? label)
    {
        _instructions.Add((code, operand, label));
        return this;
    }

    /// <summary>The program as an array of struct sock_filter: code, distance where true, distance where false, operand.</summary>
    /// <exception cref="InvalidOperationException">It is too long, does not end in a verdict, or jumps backward or too far.</exception>
    public byte[] ToBytes()
    {
        if (_instructions.Count is 0 or > Most || _instructions[^1].Code != Answer)
            throw new InvalidOperationException("a program has 1 to 4096 instructions and ends in a verdict");
        var bytes = new byte[_instructions.Count * 8];
        for (var at = 0; at < _instructions.Count; at++)
        {
            var (code, operand, label) = _instructions[at];
            var distance = label is null ? 0 : _labels[label] - at - 1;
            if (distance is < 0 or > byte.MaxValue)
                throw new InvalidOperationException($"the label {label} is {distance} instructions away");
            var instruction = bytes.AsSpan(at * 8, 8);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
            instruction[2] = (byte)distance;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], operand);
        }

        return bytes;
    }
}
