using System.Runtime.Intrinsics;

namespace RnnService.TrainingJobs;

/// <summary>What besides spec and data decides the bits of trained weights.</summary>
internal static class EngineIdentity
{
    /// <summary>Version of the program.</summary>
    public static string Version { get; } = typeof(EngineIdentity).Assembly.GetName().Version!.ToString(3);

    /// <summary>Processor family and the widest vectors in use, for example <c>x64-512</c>.</summary>
    public static string InstructionSet { get; } =
        $"{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}-{(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)}";
}
