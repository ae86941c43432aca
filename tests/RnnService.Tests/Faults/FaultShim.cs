using System.Globalization;

namespace RnnService.Tests.Faults;

/// <summary>What a call that fails does.</summary>
internal enum Fault
{
    /// <summary>The process gets SIGKILL in its place.</summary>
    Kill,

    /// <summary>It answers that the device failed.</summary>
    Eio,

    /// <summary>It answers that there is no room.</summary>
    Enospc,
}

/// <summary>The library <c>tests/faults/shim.c</c>, loaded into a <see cref="Victim"/>: makes one write, sync, truncate or unlink of its data directory fail.</summary>
/// <param name="library">The compiled library.</param>
/// <param name="control">Path of the file that arms it; outside the data directory.</param>
internal sealed class FaultShim(string library, string control)
{
    private long _nonce;

    /// <summary>The library that the script compiled; the test is skipped without.</summary>
    public static string Library
    {
        get
        {
            var library = Environment.GetEnvironmentVariable("FAULT_SHIM");
            Assert.SkipWhen(library is null, "tests/faults.sh compiles the library that makes writes fail");
            return library!;
        }
    }

    /// <summary>What the process needs in its environment.</summary>
    public Dictionary<string, string> For(string directory) => new() { ["LD_PRELOAD"] = library, ["FAULT_CONTROL"] = control, ["FAULT_DIRECTORY"] = directory };

    /// <summary>From now on calls are counted, and the k-th fails, once; none does if k is 0.</summary>
    public void Arm(long k, Fault fault)
    {
        File.Delete($"{control}.count");
        // In one piece: the process may look at any time.
        File.WriteAllText($"{control}.new", string.Create(CultureInfo.InvariantCulture, $"{++_nonce} {k} {(int)fault}\n"));
        File.Move($"{control}.new", control, overwrite: true);
    }

    /// <summary>Stops counting.</summary>
    /// <returns>How many calls there were since it was armed.</returns>
    public long Disarm()
    {
        File.Delete(control);
        return File.Exists($"{control}.count") ? long.Parse(File.ReadAllText($"{control}.count").Split(' ')[1], CultureInfo.InvariantCulture) : 0;
    }
}
